#include "kube/lease.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/kube/fake_objects.h"

namespace lepton_operator::kube {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

constexpr const char* kPath = "/apis/coordination.k8s.io/v1/namespaces/system/leases/operator";

// One replica with a clock of its own, whose wall time may be far from that of others.
struct Replica {
  Replica(boost::asio::io_context& io, std::shared_ptr<base::HttpTransport> server, const std::string& name, base::Timestamp starts)
      : clock(io, starts),
        random(base::make_seeded_random(7)),
        api(std::move(server), nullptr, clock, ApiOptions{}),
        elector(api, clock, *random, log, LeaseOptions{"system", "operator", name}),
        context(clock) {}

  base::ManualClock clock;
  std::unique_ptr<base::Random> random;
  base::MemoryLog log;
  Api api;
  LeaderElector elector;
  base::Context context;
  int started = 0;
  int lost = 0;
  bool ended = false;
};

boost::asio::awaitable<void> lead(Replica* replica) {
  std::function<void()> started = [replica] { ++replica->started; };
  std::function<void()> lost = [replica] { ++replica->lost; };
  co_await replica->elector.run(replica->context, started, lost);
  replica->ended = true;
}

boost::asio::awaitable<void> give_up(Replica* replica) {
  const base::Context patience = base::Context(replica->clock).with_timeout(5s);
  co_await replica->elector.release(patience);
}

class Election : public testing::Test {
 protected:
  ~Election() override {
    for (Replica* replica : running_) replica->context.cancel();
    settle();
  }

  void settle() {
    do io_.restart();
    while (io_.poll() > 0);
  }
  void start(Replica& replica) {
    running_.push_back(&replica);
    boost::asio::co_spawn(io_, lead(&replica), boost::asio::detached);
    settle();
  }
  // Time passes for all but `stopped`, in steps of 100 ms.
  void pass(base::Milliseconds time, const Replica* stopped = nullptr) {
    for (base::Milliseconds gone{0}; gone < time; gone += 100ms) {
      for (Replica* replica : running_) {
        if (replica != stopped) replica->clock.advance(100ms);
      }
      settle();
      ASSERT_FALSE(a_.elector.may_write() && b_.elector.may_write() && stopped == nullptr) << "two leaders";
    }
  }
  // How long it takes until `replica` leads.
  base::Milliseconds until_leading(Replica& replica, const Replica* stopped = nullptr) {
    base::Milliseconds waited{0};
    while (!replica.elector.leading() && waited < 60s) {
      pass(100ms, stopped);
      waited += 100ms;
    }
    return waited;
  }
  const base::Json& spec() { return base::get_object(server_->at(kPath), "spec"); }

  boost::asio::io_context io_;
  std::shared_ptr<test::FakeObjects> server_ = std::make_shared<test::FakeObjects>();
  Replica a_{io_, server_, "a", base::Timestamp{1'782'907'200'250ms}};
  Replica b_{io_, server_, "b", base::Timestamp{1'782'907'200'250ms} - 10h};  // a clock that is wrong by hours
  std::vector<Replica*> running_;
};

TEST_F(Election, TheFirstMakesTheLeaseAndLeads) {
  start(a_);
  EXPECT_TRUE(a_.elector.leading());
  EXPECT_TRUE(a_.elector.may_write());
  EXPECT_EQ(a_.started, 1);
  EXPECT_EQ(base::get_string(spec(), "holderIdentity"), "a");
  EXPECT_EQ(base::get_int(spec(), "leaseDurationSeconds"), 15);
  EXPECT_EQ(base::get_int(spec(), "leaseTransitions"), 0);
  EXPECT_EQ(base::get_string(spec(), "renewTime"), "2026-07-01T12:00:00.250000Z");
}

TEST_F(Election, OfTwoOneLeadsForAsLongAsItRenews) {
  start(a_);
  start(b_);
  pass(10min);
  EXPECT_TRUE(a_.elector.may_write());
  EXPECT_FALSE(b_.elector.leading());
  EXPECT_EQ(b_.elector.holder(), "a");
  EXPECT_EQ(a_.started, 1);
  EXPECT_EQ(b_.started, 0);
  EXPECT_EQ(base::get_int(spec(), "leaseTransitions"), 0);
}

TEST_F(Election, ALeaderRenewsEveryTwoSecondsOrALittleSooner) {
  start(a_);
  pass(60s);
  EXPECT_GE(server_->count(base::Method::kPut), 29);
  EXPECT_LE(server_->count(base::Method::kPut), 40);
}

TEST_F(Election, AHolderThatStopsRenewingIsReplacedWithin15To17Seconds) {
  start(a_);
  start(b_);
  pass(30s);
  const auto waited = until_leading(b_, &a_);  // a is killed: it says nothing more
  EXPECT_GE(waited, 13s);                      // its last renewal was up to 2 s ago
  EXPECT_LE(waited, 17s);
  EXPECT_EQ(base::get_string(spec(), "holderIdentity"), "b");
  EXPECT_EQ(base::get_int(spec(), "leaseTransitions"), 1);
}

TEST_F(Election, OneThatStartsLateWaitsAWholeDurationAsItSeesItItself) {
  start(a_);
  a_.context.cancel();  // dead for long, by any wall clock
  a_.clock.advance(24h);
  settle();
  start(b_);
  const auto waited = until_leading(b_);
  EXPECT_GE(waited, 15s);
  EXPECT_LE(waited, 15s + 200ms);
}

TEST_F(Election, EditingTheLeasesLabelsDoesNotRenewIt) {
  start(a_);
  start(b_);
  base::Milliseconds waited{0};
  while (!b_.elector.leading() && waited < 60s) {
    base::Json lease = server_->at(kPath);
    lease["metadata"]["labels"]["touched"] = base::Json::string(std::to_string(waited.count()));
    server_->put(kPath, lease);
    pass(1s, &a_);
    waited += 1s;
  }
  EXPECT_LE(waited, 17s);
}

TEST_F(Election, TheHoldersOwnDurationCounts) {
  start(a_);
  base::Json lease = server_->at(kPath);
  lease["spec"]["holderIdentity"] = base::Json::string("other");
  lease["spec"]["leaseDurationSeconds"] = base::Json::number(40);
  server_->put(kPath, lease);
  a_.context.cancel();
  start(b_);
  EXPECT_GE(until_leading(b_), 40s);
}

TEST_F(Election, WhenTheServerIsDownTheLeaderWritesNoMoreAfterTenSecondsAndSaysItLost) {
  start(a_);
  server_->go_down();
  pass(9'900ms);
  EXPECT_TRUE(a_.elector.may_write());
  EXPECT_EQ(a_.lost, 0);
  pass(100ms);
  EXPECT_FALSE(a_.elector.may_write());
  EXPECT_EQ(a_.lost, 1);
  EXPECT_TRUE(a_.ended);
  EXPECT_FALSE(a_.elector.leading());
  EXPECT_THAT(a_.log.lines(), testing::Contains(HasSubstr("the lease was not renewed in time")));
}

TEST_F(Election, AnOutageShorterThanTheDeadlineGoesUnnoticedButForOneWarning) {
  start(a_);
  server_->go_down();
  pass(8s);
  server_->come_back();
  pass(30s);
  EXPECT_TRUE(a_.elector.may_write());
  EXPECT_EQ(a_.lost, 0);
  EXPECT_THAT(a_.log.lines(), ElementsAre(HasSubstr("leading"), HasSubstr("the lease could not be renewed")));
}

TEST_F(Election, AProcessThatWasStoppedFor20SecondsMayNotWriteFromItsFirstMomentOn) {
  start(a_);
  start(b_);
  pass(30s);
  pass(20s, &a_);
  ASSERT_TRUE(b_.elector.may_write());
  a_.clock.advance(20s);  // SIGCONT: nothing of ours has run yet
  EXPECT_FALSE(a_.elector.may_write());
  const int writes = server_->count(base::Method::kPut);
  settle();
  EXPECT_EQ(a_.lost, 1);
  EXPECT_TRUE(a_.ended);
  EXPECT_EQ(server_->count(base::Method::kPut), writes);  // nor did it try to get the lease back
  EXPECT_TRUE(b_.elector.leading());
}

TEST_F(Election, AReleasedLeaseIsTakenWithinOneRetry) {
  start(a_);
  start(b_);
  pass(30s);
  a_.context.cancel();
  settle();
  EXPECT_TRUE(a_.elector.may_write());  // run() ended, what drains may still write
  boost::asio::co_spawn(io_, give_up(&a_), boost::asio::detached);
  settle();
  EXPECT_FALSE(a_.elector.may_write());
  EXPECT_EQ(a_.lost, 0);
  EXPECT_EQ(base::get_string(spec(), "holderIdentity"), "");
  EXPECT_EQ(base::get_int(spec(), "leaseDurationSeconds"), 1);
  EXPECT_LE(until_leading(b_), 1s);
  EXPECT_EQ(base::get_int(spec(), "leaseTransitions"), 1);
}

TEST_F(Election, AReleaseNeverTakesTheLeaseFromAnother) {
  start(a_);
  a_.context.cancel();
  settle();
  base::Json lease = server_->at(kPath);
  lease["spec"]["holderIdentity"] = base::Json::string("b");
  server_->put(kPath, lease);
  boost::asio::co_spawn(io_, give_up(&a_), boost::asio::detached);
  settle();
  EXPECT_EQ(base::get_string(spec(), "holderIdentity"), "b");
}

TEST_F(Election, AReleaseThatMeetsALateRenewalIsTriedAgain) {
  start(a_);
  a_.context.cancel();
  settle();
  int puts = 0;
  server_->set_fault([&](const base::HttpRequest& request) -> std::optional<test::FakeObjects::Answered> {
    if (request.method != base::Method::kPut || ++puts > 1) return std::nullopt;
    return test::FakeObjects::status(409, "Conflict");
  });
  boost::asio::co_spawn(io_, give_up(&a_), boost::asio::detached);
  settle();
  EXPECT_EQ(base::get_string(spec(), "holderIdentity"), "");
}

TEST_F(Election, OfTwoThatReachForItAtOnceTheConflictDecides) {
  start(a_);
  a_.context.cancel();
  settle();
  start(b_);
  // A third is faster between b's look and b's write.
  server_->set_fault([&](const base::HttpRequest& request) -> std::optional<test::FakeObjects::Answered> {
    if (request.method != base::Method::kPut) return std::nullopt;
    base::Json lease = server_->at(kPath);
    lease["spec"]["holderIdentity"] = base::Json::string("c");
    server_->put(kPath, lease);
    return std::nullopt;
  });
  pass(20s);
  EXPECT_FALSE(b_.elector.leading());
  EXPECT_EQ(b_.elector.holder(), "c");
  EXPECT_EQ(b_.started, 0);
}

TEST_F(Election, ALeaderThatFindsAnotherHolderHasLostAtOnce) {
  start(a_);
  base::Json lease = server_->at(kPath);
  lease["spec"]["holderIdentity"] = base::Json::string("c");
  server_->put(kPath, lease);
  pass(2s);
  EXPECT_EQ(a_.lost, 1);
  EXPECT_FALSE(a_.elector.may_write());
  EXPECT_EQ(base::get_string(spec(), "holderIdentity"), "c");
}

TEST_F(Election, ARenewalOfUnknownOutcomeDoesNotExtendTheDeadline) {
  start(a_);
  server_->set_fault([&](const base::HttpRequest& request) -> std::optional<test::FakeObjects::Answered> {
    if (request.method != base::Method::kPut) return std::nullopt;
    server_->apply(request);  // it took effect, but no answer came
    return base::Error{base::ErrorKind::kInterrupted, "the connection broke"};
  });
  pass(10s);
  EXPECT_FALSE(a_.elector.may_write());
  EXPECT_EQ(a_.lost, 1);
}

TEST_F(Election, ADeletedLeaseIsMadeAgainByItsLeader) {
  start(a_);
  server_->erase(kPath);
  pass(2s);
  EXPECT_TRUE(a_.elector.may_write());
  EXPECT_EQ(base::get_string(spec(), "holderIdentity"), "a");
}

}  // namespace
}  // namespace lepton_operator::kube
