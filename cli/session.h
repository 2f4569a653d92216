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
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "base/clock.h"
#include "cli/verdict.h"
#include "invocation/catalogue.h"

namespace lepton_operator::cli {

using Environment = std::function<std::optional<std::string>(const std::string&)>;

struct Terminal {
  bool interactive = false;  // a person looks, and lines can be drawn again
  bool colours = false;
  bool utf8 = false;  // of what is drawn: bars
  std::size_t columns = 80;
  std::size_t rows = 24;
};

// What the process is given. `terminal` tells of `out` as it is now.
struct Surroundings {
  Environment environment;
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  std::function<Terminal()> terminal;
};

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
  Session(Globals globals, const Surroundings& around) : globals_(std::move(globals)), around_(around) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const Globals& globals() const { return globals_; }
  const Environment& environment() const { return around_.environment; }
  std::istream& in() { return around_.in; }
  std::ostream& out() { return around_.out; }
  std::ostream& err() { return around_.err; }
  Terminal terminal() const { return around_.terminal(); }

  boost::asio::io_context& io() { return io_; }
  base::Clock& clock() { return clock_; }
  const base::Context& context() const { return context_; }  // ends with Ctrl-C
  bool interrupted() const { return context_.cancelled(); }
  // The same after a call that kept the loop from running. A blocked read is cut short by the signal, and looks as if all had been read.
  bool interrupted_meanwhile() {
    io_.poll();
    return interrupted();
  }

  // How a person asks for that with the flags that this process was given: "kubectl lepton status run -n team".
  std::string command(const std::string& words) const;

  // The file of --catalogue, or the one that was built in.
  Found<invocation::Catalogue> catalogue() const;

  // Runs the loop until `work` has ended.
  Verdict run(boost::asio::awaitable<Verdict> work);

 private:
  Globals globals_;
  const Surroundings& around_;
  boost::asio::io_context io_{1};
  base::SystemClock clock_{io_};
  const base::Context context_{clock_};
};

}  // namespace lepton_operator::cli
