#include "base/log.h"

#include <gmock/gmock.h>

#include "base/json.h"

namespace lepton_operator::base {
namespace {

using ::testing::ElementsAre;

TEST(Log, WritesTextAsLogfmt) {
  EXPECT_EQ(format_log_line(LogFormat::kText, LogLevel::kInfo, "2026-07-01T12:00:00Z", "endpoint ready",
                            {{"invocation", "team/llama"}, {"why", "a \"b\"\n=c"}, {"empty", ""}}),
            R"(level=info ts=2026-07-01T12:00:00Z msg="endpoint ready" invocation=team/llama why="a \"b\"\n=c" empty="")");
}

TEST(Log, WritesJsonThatParses) {
  const std::string line = format_log_line(LogFormat::kJson, LogLevel::kError, "2026-07-01T12:00:00Z", "a \"b\"\n", {{"k", "v\x01"}});
  EXPECT_EQ(line, R"({"level":"error","ts":"2026-07-01T12:00:00Z","msg":"a \"b\"\n","k":"v\u0001"})");
  EXPECT_EQ(get_string(*parse_json(line, "line"), "msg"), "a \"b\"\n");
}

TEST(Log, IsUtf8WhateverItIsTold) {
  EXPECT_EQ(format_log_line(LogFormat::kText, LogLevel::kWarn, "", "a \xFF", {{"manifest", "\xFF.yaml"}}),
            "level=warn msg=\"a \uFFFD\" manifest=\"\uFFFD.yaml\"");
}

TEST(Log, NeverBreaksALine) {
  for (const auto format : {LogFormat::kText, LogFormat::kJson}) {
    const std::string line = format_log_line(format, LogLevel::kWarn, "", "a\nb\rc", {{"k", "d\ne\rf"}});
    EXPECT_EQ(line.find_first_of("\n\r"), std::string::npos);
  }
}

TEST(Log, WritesRegisteredSecretsAsStars) {
  MemoryLog log;
  log.redact("hunter2hunter2");
  log.redact("hunter2hunter2-and-more");
  log.redact("with\"quote");
  log.redact("short");
  log.info("token hunter2hunter2", {{"a", "xhunter2hunter2-and-morex"}, {"b", "with\"quote"}, {"c", "short"}});
  EXPECT_THAT(log.lines(), ElementsAre(R"(level=info msg="token ***" a=x***x b=*** c=short)"));
}

TEST(Log, RedactsASecretOfStarsWithoutEnd) {
  MemoryLog log;
  log.redact("********");
  log.info("****************");
  EXPECT_THAT(log.lines(), ElementsAre(R"(level=info msg="***")"));
}

TEST(StderrLog, LeavesOutWhatIsBelowItsLevelAndRedacts) {
  ::testing::internal::CaptureStderr();
  const auto log = make_stderr_log(LogLevel::kInfo, LogFormat::kText);
  log->redact("hunter2hunter2");
  log->debug("not this");
  log->info("100% {} %v hunter2hunter2", {{"k", "{0}"}});
  const std::string out = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(out, ::testing::MatchesRegex("level=info ts=[0-9T:.-]+Z msg=\"100% [{][}] %v [*]{3}\" k=[{]0[}]\n"));
}

}  // namespace
}  // namespace lepton_operator::base
