// The rendered script under real bash, with a stand-in evaluator on PATH.
#include <chrono>
#include <thread>

#include <gmock/gmock.h>

#include "unit/invocation/bash_runner.h"
#include "unit/invocation/samples.h"

namespace lepton_operator::invocation {
namespace {

using samples::Rendered;
using testing::appears;
using ::testing::HasSubstr;
using testing::read;

// Everything that ever broke out of somebody's quotes.
constexpr const char* kNasty =
    "it's \"quoted\" $HOME ${PATH} $(touch escaped) `touch escaped` \\ \\n '; touch escaped; ' !x & | > < * ? ~ #\n"
    "EOF\n'EOF'\nsecond line\tö€😀";

constexpr const char* kLeavesResults = R"(printf '%s\0' "$@" >"$EVAL_OUTPUT_DIR/args"
cp "$3" "$EVAL_OUTPUT_DIR/received"
echo "score: 1" >"$EVAL_OUTPUT_DIR/results.yml"
)";

class JobScript : public ::testing::Test {
 protected:
  JobScript() { set_output(runner_.file("work space/it's")); }

  void set_output(const std::filesystem::path& path) {
    output_ = path;
    runner_.set_env("EVAL_OUTPUT_DIR", path.string());
  }

  // The first task of `manifest`, its grace time cut to a second.
  std::vector<std::string> command(const base::Json& manifest) {
    const Rendered rendered(manifest);
    config_ = render_run_config(rendered.input(), rendered.task(), "https://endpoint.example/v1/chat/completions");
    std::string script = render_job_script(rendered.input(), rendered.task(), attempt_, config_);
    const std::string grace = "op_grace_seconds=20\n";
    script.replace(script.find(grace), grace.size(), "op_grace_seconds=1\n");
    return {"/bin/bash", "-c", script};
  }
  base::Json task(const std::string& fields) {
    return samples::with(samples::nim(), "evaluation: {tasks: [{name: gpqa_diamond, " + fields + "}]}");
  }
  testing::Finished run(const base::Json& manifest) { return runner_.run(command(manifest)); }
  std::string stage(const std::string& name) { return read(output_ / "logs" / ("stage." + name)); }

  testing::BashRunner runner_;
  std::filesystem::path output_;
  std::string config_;
  int attempt_ = 0;
};

TEST_F(JobScript, SucceedsWhenTheEvaluatorLeavesResults) {
  runner_.add_program("nemo-evaluator", kLeavesResults);
  const auto end = run(samples::nim());
  EXPECT_EQ(end.exit_code, 0) << end.output;
  EXPECT_EQ(stage("exit"), "exit_code: 0\n");
  EXPECT_THAT(stage("pre-start"), ::testing::MatchesRegex("....-..-..T..:..:..Z\n"));
  EXPECT_THAT(stage("running"), ::testing::MatchesRegex("....-..-..T..:..:..Z\n"));
}

TEST_F(JobScript, GivesTheEvaluatorItsRunConfigurationByteForByteAndTheOutputDirectoryOfTheVariable) {
  runner_.add_program("nemo-evaluator", kLeavesResults);
  base::Json manifest = samples::nim();
  manifest["evaluation"]["config"] = samples::yaml("{config: {params: {temperature: 0.6}}}");
  manifest["evaluation"]["config"]["config"]["params"]["extra"] = base::Json::string(kNasty);
  ASSERT_EQ(run(manifest).exit_code, 0);
  EXPECT_EQ(read(output_ / "received"), config_);
  const std::string config_file = (output_ / "logs/run_config.yaml").string();
  const std::string expected =
      "run_eval" + std::string(1, '\0') + "--run_config" + '\0' + config_file + '\0' + "--output_dir" + '\0' + output_.string() + '\0';
  EXPECT_EQ(read(output_ / "args"), expected);
  const base::Json received = samples::yaml(read(output_ / "received"));
  EXPECT_EQ(received.at("config").at("params").at("extra").as_string(), kNasty);
  EXPECT_FALSE(std::filesystem::exists(runner_.file("escaped")));
}

TEST_F(JobScript, PassesTheEvaluatorsExitCodeOn) {
  runner_.add_program("nemo-evaluator", std::string(kLeavesResults) + "exit 7\n");
  EXPECT_EQ(run(samples::nim()).exit_code, 7);
  EXPECT_EQ(stage("exit"), "exit_code: 7\n");
}

TEST_F(JobScript, EndsWith65WhenThereAreNoResults) {
  runner_.add_program("nemo-evaluator", "exit 0\n");
  const auto end = run(samples::nim());
  EXPECT_EQ(end.exit_code, 65);
  EXPECT_EQ(stage("exit"), "exit_code: 65\n");
  EXPECT_THAT(end.output, HasSubstr("left no results.yml in"));
}

TEST_F(JobScript, SetsAsideWhatAnEarlierAttemptLeftAndKeepsItsCaches) {
  runner_.add_program("nemo-evaluator",
                      "mkdir -p \"$EVAL_OUTPUT_DIR/cache\"; echo first >\"$EVAL_OUTPUT_DIR/cache/a\"\n"
                      "echo first >\"$EVAL_OUTPUT_DIR/results.yml\"; exit 7\n");
  ASSERT_EQ(run(samples::nim()).exit_code, 7);
  runner_.add_program("nemo-evaluator",
                      "[ -e \"$EVAL_OUTPUT_DIR/results.yml\" ] && exit 9\n"
                      "cp \"$EVAL_OUTPUT_DIR/cache/a\" \"$EVAL_OUTPUT_DIR/seen\"; echo second >\"$EVAL_OUTPUT_DIR/results.yml\"\n");
  attempt_ = 1;
  const auto end = run(samples::nim());
  ASSERT_EQ(end.exit_code, 0) << end.output;
  EXPECT_EQ(read(output_ / "attempt-0/results.yml"), "first\n");
  EXPECT_EQ(read(output_ / "attempt-0/logs/stage.exit"), "exit_code: 7\n");
  EXPECT_FALSE(read(output_ / "attempt-0/logs/run_config.yaml").empty());
  EXPECT_EQ(read(output_ / "results.yml"), "second\n");
  EXPECT_EQ(read(output_ / "seen"), "first\n") << "caches stay";
  EXPECT_EQ(read(output_ / "logs/attempt"), "1\n");
  EXPECT_EQ(stage("exit"), "exit_code: 0\n");
}

TEST_F(JobScript, AnAttemptWithoutResultsDoesNotPassForOneWithThoseOfBefore) {
  runner_.add_program("nemo-evaluator", kLeavesResults);
  ASSERT_EQ(run(samples::nim()).exit_code, 0);
  runner_.add_program("nemo-evaluator", "exit 0\n");
  attempt_ = 1;
  EXPECT_EQ(run(samples::nim()).exit_code, 65);
  EXPECT_EQ(read(output_ / "attempt-0/results.yml"), "score: 1\n");
}

TEST_F(JobScript, SetsAsideUnderTheNumberThatWroteItAlsoWhenAnAttemptBetweenNeverBegan) {
  runner_.add_program("nemo-evaluator", "exit 7\n");
  for (const int attempt : {0, 2, 2, 4}) {  // the container of attempt 2 is started twice
    attempt_ = attempt;
    ASSERT_EQ(run(samples::nim()).exit_code, 7) << attempt;
  }
  for (const char* kept : {"attempt-0", "attempt-2", "attempt-2.1"}) {
    EXPECT_EQ(read(output_ / kept / "logs/stage.exit"), "exit_code: 7\n") << kept;
  }
  EXPECT_FALSE(std::filesystem::exists(output_ / "attempt-1"));
  EXPECT_EQ(read(output_ / "logs/attempt"), "4\n");
}

TEST_F(JobScript, FinishesWhatAKilledContainerHadHalfSetAside) {
  std::filesystem::create_directories(output_ / "attempt-3");
  std::filesystem::create_directories(output_ / "logs");
  testing::write(output_ / "attempt-3/results.yml", "of three\n");
  testing::write(output_ / "logs/attempt", "3\n");
  testing::write(output_ / "logs/stage.exit", "exit_code: 1\n");
  runner_.add_program("nemo-evaluator", kLeavesResults);
  attempt_ = 4;
  EXPECT_EQ(run(samples::nim()).exit_code, 0);
  EXPECT_EQ(read(output_ / "attempt-3/results.yml"), "of three\n");
  EXPECT_EQ(read(output_ / "attempt-3/logs/stage.exit"), "exit_code: 1\n");
}

TEST_F(JobScript, ANumberThatIsNoneLeadsNowhere) {
  std::filesystem::create_directories(output_ / "logs");
  testing::write(output_ / "logs/attempt", "../../x\n");
  runner_.add_program("nemo-evaluator", kLeavesResults);
  EXPECT_EQ(run(samples::nim()).exit_code, 0);
  EXPECT_TRUE(std::filesystem::exists(output_ / "attempt-0/logs/attempt"));
}

TEST_F(JobScript, UsesEvalFactoryWhereTheImageHasOnlyThat) {
  runner_.add_program("eval-factory", kLeavesResults);
  EXPECT_EQ(run(samples::nim()).exit_code, 0);
  EXPECT_EQ(read(output_ / "received"), config_);
}

TEST_F(JobScript, EndsWith127WithoutAnEvaluator) {
  const auto end = run(samples::nim());
  EXPECT_EQ(end.exit_code, 127);
  EXPECT_THAT(end.output, HasSubstr("neither nemo-evaluator nor eval-factory"));
  EXPECT_EQ(stage("exit"), "exit_code: 127\n");
}

TEST_F(JobScript, EndsWith124WhenTheTimeoutPassesAndTellsTheEvaluatorFirst) {
  runner_.add_program("nemo-evaluator", "trap 'touch \"$EVAL_OUTPUT_DIR/told\"; exit 3' TERM\nsleep 30 & wait\n");
  EXPECT_EQ(run(task("timeout: 1s")).exit_code, 124);
  EXPECT_TRUE(std::filesystem::exists(output_ / "told"));
  EXPECT_EQ(stage("exit"), "exit_code: 124\n");
}

TEST_F(JobScript, KillsAnEvaluatorThatDoesNotListenAfterTheGraceTime) {
  runner_.add_program("nemo-evaluator", "trap '' TERM\nsleep 60\ntouch \"$EVAL_OUTPUT_DIR/finished\"\n");
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(run(task("timeout: 1s")).exit_code, 124);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
  EXPECT_FALSE(std::filesystem::exists(output_ / "finished"));
}

TEST_F(JobScript, PassesSigtermOnWaitsForTheEvaluatorAndEndsWith143) {
  runner_.add_program(
      "nemo-evaluator",
      "trap 'sleep 0.2; echo saved >\"$EVAL_OUTPUT_DIR/saved\"; exit 0' TERM\ntouch \"$EVAL_OUTPUT_DIR/up\"\nsleep 30 & wait\n");
  runner_.start(command(samples::nim()));
  ASSERT_TRUE(appears(output_ / "up"));
  runner_.terminate();
  EXPECT_EQ(runner_.wait().exit_code, 143);
  EXPECT_EQ(read(output_ / "saved"), "saved\n");
  EXPECT_EQ(stage("exit"), "exit_code: 143\n");
}

TEST_F(JobScript, IsStoppedDuringThePreCommandAndThenStartsNoEvaluator) {
  runner_.add_program("nemo-evaluator", kLeavesResults);
  runner_.start(command(task(R"(preCommand: "touch \"$EVAL_OUTPUT_DIR/up\"; sleep 30; true")")));
  ASSERT_TRUE(appears(output_ / "up"));
  runner_.terminate();
  EXPECT_EQ(runner_.wait().exit_code, 143);
  EXPECT_FALSE(std::filesystem::exists(output_ / "results.yml"));
}

TEST_F(JobScript, SourcesThePreCommandSoThatItsExportsReachTheEvaluator) {
  runner_.add_program("nemo-evaluator", std::string(kLeavesResults) + "printf '%s' \"$GREETING\" >\"$EVAL_OUTPUT_DIR/greeting\"\n");
  base::Json manifest = samples::nim();
  manifest["evaluation"]["tasks"][0]["preCommand"] = base::Json::string("GREETING=\"it's `echo me`\"\nexport GREETING\nset -eu\ncd /");
  EXPECT_EQ(run(manifest).exit_code, 0);
  EXPECT_EQ(read(output_ / "greeting"), "it's me");
}

TEST_F(JobScript, FailsWithThePreCommandsCode) {
  runner_.add_program("nemo-evaluator", kLeavesResults);
  const auto end = run(task("preCommand: '(exit 9)'"));
  EXPECT_EQ(end.exit_code, 9);
  EXPECT_THAT(end.output, HasSubstr("preCommand ended with exit code 9"));
  EXPECT_FALSE(std::filesystem::exists(output_ / "results.yml"));
  EXPECT_EQ(stage("running"), "");
}

TEST_F(JobScript, FailsWhenThePreCommandDoesNotParse) {
  runner_.add_program("nemo-evaluator", kLeavesResults);
  EXPECT_NE(run(task("preCommand: 'if then \"'")).exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(output_ / "results.yml"));
}

TEST_F(JobScript, APreCommandThatEndsTheShellIsNoSuccess) {
  runner_.add_program("nemo-evaluator", kLeavesResults);
  EXPECT_EQ(run(task("preCommand: exit 0")).exit_code, 65);
}

TEST_F(JobScript, RunsThePostCommandAfterAFailedEvaluatorAndKeepsItsCode) {
  runner_.add_program("nemo-evaluator", "exit 7\n");
  EXPECT_EQ(run(task(R"(postCommand: "echo after >\"$EVAL_OUTPUT_DIR/after\"; exit 3")")).exit_code, 7);
  EXPECT_EQ(read(output_ / "after"), "after\n");
}

TEST_F(JobScript, FailsWithThePostCommandsCodeWhenAllElseWentWell) {
  runner_.add_program("nemo-evaluator", kLeavesResults);
  EXPECT_EQ(run(task("postCommand: exit 3")).exit_code, 3);
  EXPECT_EQ(stage("exit"), "exit_code: 3\n");
}

TEST_F(JobScript, RunsATasksOwnCommandInPlaceOfTheEvaluator) {
  runner_.add_program("nemo-evaluator", "exit 9\n");
  runner_.add_program("mine", "printf '%s' \"$1\" >\"$EVAL_OUTPUT_DIR/word\"\n");
  base::Json manifest = task("container: registry.example/mine:1");
  manifest["evaluation"]["tasks"][0]["command"] = base::to_json({"mine", kNasty});
  EXPECT_EQ(run(manifest).exit_code, 0);  // which owes nobody a results.yml
  EXPECT_EQ(read(output_ / "word"), kNasty);
  EXPECT_FALSE(std::filesystem::exists(runner_.file("escaped")));
}

TEST_F(JobScript, SaysSoWhenItCannotWriteItsOutput) {
  testing::write(runner_.file("file"), "");
  set_output(runner_.file("file/below"));
  const auto end = run(samples::nim());
  EXPECT_EQ(end.exit_code, 73);
  EXPECT_THAT(end.output, HasSubstr("cannot make"));
}

TEST_F(JobScript, SaysSoWithoutAnOutputDirectory) {
  runner_.set_env("EVAL_OUTPUT_DIR", "");
  EXPECT_EQ(run(samples::nim()).exit_code, 78);
}

TEST_F(JobScript, LeavesNoTimerBehind) {
  runner_.add_program("nemo-evaluator", kLeavesResults);
  runner_.add_program("sleep", "echo $$ >\"$EVAL_OUTPUT_DIR/timer\"\nexec /bin/sleep \"$@\"\n");
  runner_.add_program("nemo-evaluator", std::string("until [ -s \"$EVAL_OUTPUT_DIR/timer\" ]; do :; done\n") + kLeavesResults);
  ASSERT_EQ(run(samples::nim()).exit_code, 0);
  const std::string process = "/proc/" + std::to_string(std::stoi(read(output_ / "timer")));
  // Killed before the script ended; the kernel takes a moment to reap it.
  bool gone = false;
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  for (; !gone && std::chrono::steady_clock::now() < patience; std::this_thread::sleep_for(std::chrono::milliseconds(1))) {
    gone = !std::filesystem::exists(process) || read(process + "/stat").find(") Z ") != std::string::npos;
  }
  EXPECT_TRUE(gone);
}

TEST(ShellQuote, MakesOneWordOfWhateverComes) {
  testing::BashRunner runner;
  for (const std::string word : {"", "plain", "'", "''", "a'b", "\n", "\\", "-n", kNasty}) {
    const auto quoted = runner.run({"/bin/bash", "-c", "set -- " + shell_quote(word) + "; printf '%s|%s' \"$#\" \"$1\""});
    EXPECT_EQ(quoted.output, "1|" + word);
  }
}

}  // namespace
}  // namespace lepton_operator::invocation
