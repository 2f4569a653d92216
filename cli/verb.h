// One verb of the command line, and the table of all of them.
//
// A verb declares its flags on the CLI11 subcommand that command_line.cc made for it, then runs once. What --help prints is made of its
// Manual and of the flags. To add one: a file verb_<name>.cc with a Verb and its Manual, a declaration here, a row in verbs.cc.
#pragma once

#include <memory>
#include <span>

#include <boost/asio/awaitable.hpp>

#include "cli/session.h"
#include "cli/verdict.h"

namespace CLI {
class App;
}  // namespace CLI

namespace lepton_operator::cli {

// The parts of a manual page that flags do not tell. Paragraphs are parted by empty lines; lines that begin with two spaces stay as they
// are.
struct Manual {
  const char* summary;      // after the name, in the list of verbs
  const char* synopsis;     // without the verb's name: "-f FILE... [OVERRIDE...] [flags]"
  const char* description;  // what it does, and what it leaves alone
  const char* examples;     // command lines, each with a line before that says what for
  const char* exit_codes;   // beyond those that every verb has; may be empty
};

class Verb {
 public:
  virtual ~Verb() = default;
  virtual void declare(CLI::App& app) = 0;
  // The session outlives it. Called once, after the flags were read.
  virtual boost::asio::awaitable<Verdict> run(Session& session) = 0;
};

// What an argument of a verb that is no flag may be, for completion.
enum class Argument { kNone, kInvocation, kWorkspace, kBenchmark, kShell };

struct VerbEntry {
  const char* name;  // "run", or of two words: "workspace check"
  const Manual& manual;
  std::unique_ptr<Verb> (*make)();
  Argument argument = Argument::kNone;
};

std::span<const VerbEntry> all_verbs();

extern const Manual kCompletionManual;
extern const Manual kDeleteManual;
extern const Manual kEventsManual;
extern const Manual kLogsManual;
extern const Manual kRenderManual;
extern const Manual kResumeManual;
extern const Manual kRetryManual;
extern const Manual kRunManual;
extern const Manual kStatusManual;
extern const Manual kSuspendManual;
extern const Manual kTasksManual;
extern const Manual kWorkspaceCheckManual;

std::unique_ptr<Verb> make_completion();
std::unique_ptr<Verb> make_delete();
std::unique_ptr<Verb> make_events();
std::unique_ptr<Verb> make_logs();
std::unique_ptr<Verb> make_render();
std::unique_ptr<Verb> make_resume();
std::unique_ptr<Verb> make_retry();
std::unique_ptr<Verb> make_run();
std::unique_ptr<Verb> make_status();
std::unique_ptr<Verb> make_suspend();
std::unique_ptr<Verb> make_tasks();
std::unique_ptr<Verb> make_workspace_check();

}  // namespace lepton_operator::cli
