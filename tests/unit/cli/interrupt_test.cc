// Ctrl-C while the program is busy with something else than waiting: what was half read, or not answered, counts for nothing.
#include <atomic>
#include <csignal>

#include <gmock/gmock.h>

#include "unit/base/raw_server.h"
#include "unit/cli/directory.h"

namespace lepton_operator::cli {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;

// What stdio makes of a read that a signal cuts short: the text so far, and then an end.
class CutShort final : public std::streambuf {
 public:
  explicit CutShort(std::string typed) : typed_(std::move(typed)) { setg(typed_.data(), typed_.data(), typed_.data() + typed_.size()); }

 protected:
  int_type underflow() override {
    if (!raised_) std::raise(SIGINT);
    raised_ = true;
    return traits_type::eof();
  }

 private:
  std::string typed_;
  bool raised_ = false;
};

TEST_F(Directory, WhatWasTypedUntilCtrlCIsNotApplied) {
  for (const std::string& typed : {named(kInvocation, "run"), std::string(), std::string("apiVersion: [")}) {
    for (const Words& verb : {Words{"run"}, Words{"render"}, Words{"workspace", "check"}}) {
      SCOPED_TRACE(verb.front() + " of " + typed);
      Words words = verb;
      words.insert(words.end(), {"-f", "-"});
      CutShort buffer(typed);
      std::istream in(&buffer);
      const Said done = ask(words, {}, {.in = &in});
      EXPECT_EQ(done.code, 130);
      EXPECT_EQ(done.out, "");
      EXPECT_EQ(done.err, "");
      EXPECT_EQ(manifests(), "");
    }
  }
}

TEST_F(Directory, ACheckThatCtrlCEndsFindsNothing) {
  std::atomic<bool> raised = false;
  const base::RawServer silent([&raised](base::RawConnection&, const std::string&) {
    if (!raised.exchange(true)) std::raise(SIGINT);
  });
  const std::string url = "http://127.0.0.1:" + std::to_string(silent.port()) + "/api/v2/workspaces/ws";
  for (const char* output : {"text", "json"}) {
    raised = false;
    const Said done = ask({"workspace", "check", "--output", output},
                          {{"LEPTON_WORKSPACE_ID", "ws"}, {"LEPTON_WORKSPACE_TOKEN", "token-12345"}, {"LEPTON_WORKSPACE_URL", url}});
    EXPECT_EQ(done.code, 130);
    EXPECT_EQ(done.out, "");
    EXPECT_EQ(done.err, "");
    EXPECT_TRUE(raised) << "nobody was asked";
  }
  EXPECT_THAT(silent.requests(), Not(IsEmpty()));
}

}  // namespace
}  // namespace lepton_operator::cli
