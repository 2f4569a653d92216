// What a verb has to work with: where it writes, the loop it runs on, the flags that all verbs share.
//
// Thread rule: main thread only, which runs io(). Owner: main. Ends: the first Ctrl-C cancels context(), whoever waits returns and says
// what goes on without us; a second one ends the process at once.
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "base/clock.h"
#include "cli/verdict.h"
#include "invocation/catalogue.h"

namespace lepton_operator::cli {

using Environment = std::function<std::optional<std::string>(const std::string&)>;

// Flags that stand before or after any verb.
struct Globals {
  std::optional<std::filesystem::path> kubeconfig = {};
  std::optional<std::string> context = {};
  std::optional<std::string> namespace_ = {};
  std::filesystem::path manifests = {};  // with state_dir: no cluster, but the directory of an operator on this machine
  std::filesystem::path state_dir = {};
  std::optional<std::filesystem::path> catalogue = {};
  std::optional<std::filesystem::path> lepton_ca_file = {};

  bool directory_mode() const { return !manifests.empty() || !state_dir.empty(); }
};

class Session {
 public:
  Session(Globals globals, Environment environment, std::ostream& out, std::ostream& err);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const Globals& globals() const { return globals_; }
  const Environment& environment() const { return environment_; }
  std::ostream& out() { return out_; }
  std::ostream& err() { return err_; }

  boost::asio::io_context& io() { return io_; }
  base::Clock& clock() { return clock_; }
  const base::Context& context() const { return context_; }  // ends with Ctrl-C
  bool interrupted() const { return context_.cancelled(); }

  // The file of --catalogue, or the one that was built in.
  Found<invocation::Catalogue> catalogue() const;

  // Runs the loop until `work` has ended.
  Verdict run(boost::asio::awaitable<Verdict> work);

 private:
  Globals globals_;
  Environment environment_;
  std::ostream& out_;
  std::ostream& err_;
  boost::asio::io_context io_{1};
  base::SystemClock clock_{io_};
  const base::Context context_{clock_};
};

}  // namespace lepton_operator::cli
