// What users write into a task, as the script that its job runs (invocation/rendering.h), under real bash with a stand-in evaluator: bash
// takes the script (-n), the evaluator gets its arguments and its configuration byte for byte, a preCommand, a postCommand and a command
// arrive as they were written, and nothing else happens.
//
// What is sourced is written down and not run: `source` is a function here. An input costs two processes, so this is the slow target.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "fuzz/bytes.h"
#include "fuzz/promise.h"
#include "unit/invocation/bash_runner.h"
#include "unit/invocation/samples.h"

namespace lepton_operator::fuzz {

namespace {

namespace fs = std::filesystem;
using base::Json;
using invocation::testing::read;

constexpr const char* kWritesDown =
    "() { IFS= read -r -d '' op_seen <\"$1\"; printf '%s\\0' \"$op_seen\" >>\"$EVAL_OUTPUT_DIR/sourced\"; }";
constexpr const char* kEvaluator =
    "() { printf '%s\\0' \"$@\" >\"$EVAL_OUTPUT_DIR/args\"; IFS= read -r -d '' op_seen <\"$3\"; printf '%s' \"$op_seen\" "
    ">\"$EVAL_OUTPUT_DIR/received\"; echo done >\"$EVAL_OUTPUT_DIR/results.yml\"; }";
constexpr const char* kOwnCommand = "() { printf '%s\\0' \"$@\" >\"$EVAL_OUTPUT_DIR/args\"; }";

struct Written {
  std::string pre_command;
  std::string post_command;
  std::vector<std::string> words;  // after the command's own name; empty: the evaluator runs
  std::string extra;               // somewhere in the configuration
};

// A folder in which bash finds three programs and nothing else.
class Shell {
 public:
  Shell() {
    std::string pattern = (fs::temp_directory_path() / "job-script-XXXXXX").string();
    require(mkdtemp(pattern.data()) != nullptr, "there is room for a folder");
    folder_ = pattern;
    fs::create_directory(folder_ / "bin");
    fs::create_directory(folder_ / "here");
    for (const char* program : {"mkdir", "mv", "sleep"}) fs::create_symlink(fs::path("/bin") / program, folder_ / "bin" / program);
  }
  ~Shell() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  fs::path output() const { return folder_ / "out"; }
  fs::path said() const { return folder_ / "said"; }

  int run(std::vector<std::string> words) {
    const std::vector<std::string> environment{
        "PATH=" + (folder_ / "bin").string(), "EVAL_OUTPUT_DIR=" + output().string(), std::string("BASH_FUNC_source%%=") + kWritesDown,
        std::string("BASH_FUNC_nemo-evaluator%%=") + kEvaluator, std::string("BASH_FUNC_stand-in%%=") + kOwnCommand};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, (folder_ / "here").c_str());
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, said().c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    pid_t child = -1;
    const int failure = posix_spawn(&child, "/bin/bash", &actions, nullptr, pointers(words).data(), pointers(environment).data());
    posix_spawn_file_actions_destroy(&actions);
    require(failure == 0, "bash can be started", std::to_string(failure));
    int status = 0;
    while (waitpid(child, &status, 0) == -1 && errno == EINTR) {  // libFuzzer has an alarm clock
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }

  void tidy() {
    fs::remove_all(output());
    require(fs::is_empty(folder_ / "here"), "a script leaves nothing where it stands");
  }

 private:
  static std::vector<char*> pointers(const std::vector<std::string>& words) {
    std::vector<char*> all;
    for (const std::string& word : words) all.push_back(const_cast<char*>(word.c_str()));
    all.push_back(nullptr);
    return all;
  }

  fs::path folder_;
};

// bash cannot hold a zero byte; an argument would end there.
std::string as_bash_holds(std::string text) {
  std::erase(text, '\0');
  return text;
}

Json manifest(const Written& written) {
  Json spec = invocation::samples::nim();
  Json& task = spec["evaluation"]["tasks"][0];
  task["preCommand"] = Json::string(written.pre_command);
  task["postCommand"] = Json::string(written.post_command);
  task["config"] = base::json_object();
  task["config"]["params"] = base::json_object();
  task["config"]["params"]["extra"] = Json::string(written.extra);
  if (written.words.empty()) return spec;
  std::vector<std::string> command = written.words;
  command.insert(command.begin(), "stand-in");
  task["command"] = base::to_json(command);
  task["container"] = Json::string("registry.example/stand-in:1");
  return spec;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += as_bash_holds(word) + '\0';
  return text;
}

std::string sourced(const Written& written) {
  std::string text;
  for (const std::string& command : {as_bash_holds(written.pre_command), as_bash_holds(written.post_command)}) {
    if (!command.empty()) text += command + "\n" + '\0';
  }
  return text;
}

void require_ran(const Shell& shell, const Written& written, const std::string& config) {
  const fs::path output = shell.output();
  require(read(output / "logs/stage.exit") == "exit_code: 0\n", "the script says how it ended", read(output / "logs/stage.exit"));
  require(read(output / "sourced") == sourced(written), "pre- and postCommand are what was written", read(output / "sourced"));
  const std::string config_file = (output / "logs/run_config.yaml").string();
  require(read(config_file) == config, "the configuration is written byte for byte", read(config_file));
  std::set<std::string> expected{"logs", "args"};
  if (!sourced(written).empty()) expected.insert("sourced");
  if (written.words.empty()) {
    require(read(output / "received") == config, "the evaluator gets its configuration byte for byte", read(output / "received"));
    const std::string arguments = joined({"run_eval", "--run_config", config_file, "--output_dir", output.string()});
    require(read(output / "args") == arguments, "the evaluator gets its arguments, and no others", read(output / "args"));
    expected.insert({"received", "results.yml"});
  } else {
    require(read(output / "args") == joined(written.words), "a command gets its words as they were written", read(output / "args"));
  }
  std::set<std::string> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(output)) found.insert(entry.path().filename().string());
  require(found == expected, "nothing else is made");
}

}  // namespace

void try_input(std::string_view input) {
  static Shell shell;
  Bytes bytes(input);
  const Written written{bytes.text(), bytes.text(), bytes.texts(3), bytes.text()};
  const Json spec = manifest(written);
  if (!invocation::validate_invocation(spec).empty()) return;  // too long, say: refused before it is rendered
  const invocation::samples::Rendered rendered(spec);
  const std::string config =
      invocation::render_run_config(rendered.input(), rendered.task(), "https://endpoint.example/v1/chat/completions");
  const auto read_again = base::parse_yaml(config, "run_config.yaml");
  require(read_again.ok() && read_again->size() == 1, "a run configuration is YAML", config);
  const Json& params = base::get_object(base::get_object(read_again->front().value, "config"), "params");
  require(base::get_string(params, "extra") == written.extra, "a configuration says what was written", config);

  const lepton::JobSpec job = invocation::render_job(rendered.input(), rendered.task(), 0, "https://endpoint.example/v1/chat/completions");
  require(job.command.size() == 3 && job.command[0] == "/bin/bash" && job.command[1] == "-c", "a job runs bash");
  const std::string& script = job.command[2];
  require(shell.run({"bash", "-n", "-c", script}) == 0 && read(shell.said()).empty(), "bash takes the script", read(shell.said()));
  const int code = shell.run({"bash", "-c", script});
  require(code == 0, "the script ends well", std::to_string(code) + "\n" + read(shell.said()));
  require_ran(shell, written, config);
  shell.tidy();
}

}  // namespace lepton_operator::fuzz
