// Lines of a log that comes in pieces, connection after connection.
#include "cli/replica_log.h"

#include <gmock/gmock.h>

#include "base/random.h"
#include "unit/base/run.h"
#include "unit/kube/scripted_transport.h"

namespace lepton_operator::cli {
namespace {

using ::testing::ElementsAre;

class ReplicaLogTest : public ::testing::Test {
 protected:
  ReplicaLog log(std::optional<std::size_t> tail = std::nullopt) {
    return {client_, clock_, {.name = "job"}, "job-0", LogTail(tail), [this](const std::string& line) { lines_.push_back(line); }};
  }
  // The chunks of the next connection, which then ends.
  void brings(std::string text) { transport_->then(200, std::move(text)); }
  ReplicaLog::End follow(ReplicaLog& log, bool last) { return base::run(io_, log.follow(context_, last)).value(); }

  boost::asio::io_context io_;
  base::ManualClock clock_{io_};
  const Context context_{clock_};
  std::unique_ptr<base::Random> random_ = base::make_seeded_random(7);
  std::shared_ptr<kube::test::ScriptedTransport> transport_ = std::make_shared<kube::test::ScriptedTransport>();
  lepton::Client client_{transport_,
                         {"ws1", "nvapi-0123456789abcdef", "http://lepton.test/api/v2/workspaces/ws1", "https://lepton.test"},
                         clock_,
                         *random_,
                         lepton::ClientOptions{}};
  std::vector<std::string> lines_;
};

TEST_F(ReplicaLogTest, ShowsALineOnceThatAConnectionLeftHalf) {
  brings("a\nb\nhalf a li");
  brings("a\nb\nhalf a line\nc\n");
  ReplicaLog one = log();
  EXPECT_EQ(follow(one, false), ReplicaLog::End::kOfLog);
  EXPECT_THAT(lines_, ElementsAre("a", "b"));
  EXPECT_EQ(follow(one, true), ReplicaLog::End::kOfLog);
  EXPECT_THAT(lines_, ElementsAre("a", "b", "half a line", "c"));
}

TEST_F(ReplicaLogTest, ShowsALastLineWithoutAnEndWhenNothingIsWrittenAnyMore) {
  brings("a\nlast");
  ReplicaLog one = log();
  (void)follow(one, true);
  EXPECT_THAT(lines_, ElementsAre("a", "last"));
  one.end();
  EXPECT_THAT(lines_, ElementsAre("a", "last"));
}

TEST_F(ReplicaLogTest, ShowsALastLineWithoutAnEndWhenItIsNotAskedAgain) {
  brings("a\nlast\r");
  ReplicaLog one = log();
  (void)follow(one, false);
  EXPECT_THAT(lines_, ElementsAre("a"));
  one.end();
  EXPECT_THAT(lines_, ElementsAre("a", "last"));
}

TEST_F(ReplicaLogTest, CountsALastLineWithoutAnEndAmongThoseOfTheTail) {
  brings("a\nb\nlast");
  ReplicaLog one = log(2);
  (void)follow(one, true);
  EXPECT_THAT(lines_, ElementsAre("b", "last"));
}

}  // namespace
}  // namespace lepton_operator::cli
