// What verbs have in common that work on objects of a cluster or a directory.
#pragma once

#include <string>

#include "cli/backend.h"
#include "cli/verb.h"

namespace CLI {
class Option;
}  // namespace CLI

namespace lepton_operator::cli {

class BackendVerb : public Verb {
 public:
  boost::asio::awaitable<Verdict> run(Session& session) final;

 private:
  // What is wrong with flags that do not go together; before anything is opened.
  virtual std::optional<Trouble> check(const Session&) const { return std::nullopt; }
  virtual boost::asio::awaitable<Verdict> act(Session& session, Backend& backend) = 0;
};

// The NAME of an Invocation, as kubectl lets it be written: "run", "inv/run", "invocation.lepton.dev/run".
std::string bare_name(const std::string& name);

// Declares NAME. One that is written and names nothing is refused: an unset variable of the shell must not mean all there are.
CLI::Option* add_name(CLI::App& app, std::string& name, const char* description);

}  // namespace lepton_operator::cli
