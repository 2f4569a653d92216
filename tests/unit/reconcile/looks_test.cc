// How often the whole operator looks at a workspace.
#include "unit/reconcile/operator_fixture.h"

namespace lepton_operator::reconcile::test {
namespace {

class LooksTest : public OperatorTest {
 protected:
  LooksTest() {
    bench_.store.put_workspace(kWorkspace, "{credentialsSecretRef: {name: lepton}, url: \"" + bench_.url() +
                                               "\", limits: {requestsPerSecond: 2000, burst: 2000}}");
  }
  int looks() const { return bench_.requests("GET", "/deployments"); }
  base::Timestamp last_look() const {
    base::Timestamp last;
    for (const auto& request : bench_.simulator.requests()) {
      if (request.method == "GET" && request.path == "/deployments") last = request.at;
    }
    return last;
  }
};

// Each secret that was made hastens the next look. What it shows would wait in the queue with all the rest.
TEST_F(LooksTest, AreNotHastenedWhileManyWaitForTheirTurn) {
  bench_.store.delay_status_writes(500ms);  // four at a time: eight a second
  for (int i = 0; i < 300; ++i) bench_.store.put_invocation({"team", "many-" + std::to_string(i)}, kNim);
  bench_.pass(5s);
  ASSERT_GT(bench_.requests("POST", "/usersecrets"), 20) << problems();
  const int before = looks();
  bench_.pass(20s);
  EXPECT_LE(looks() - before, 13);  // one every two seconds, or a fifth sooner
  EXPECT_GE(looks() - before, 9);
}

TEST_F(LooksTest, AreHastenedOnceFewWait) {
  bench_.store.delay_status_writes(500ms);
  for (int i = 0; i < 300; ++i) bench_.store.put_invocation({"team", "many-" + std::to_string(i)}, kNim);
  bench_.pass(5s);
  while (last_look() != bench_.clock.now()) bench_.pass(1ms);  // the next of the usual ones is far
  bench_.store.delay_status_writes(0s);
  bench_.pass(800ms);  // the queue is through when the last slow ones are
  EXPECT_GT(bench_.requests("POST", "/deployments"), 300) << problems();
  EXPECT_GT(last_look(), bench_.clock.now() - 600ms);
}

}  // namespace
}  // namespace lepton_operator::reconcile::test
