// GET /sim/account: the benches and the gate believe it that nothing is left over, so it has to be able to say that something is.
#include <gmock/gmock.h>

#include "workspace_under_test.h"

namespace lepton_operator::simulator {
namespace {

class Account : public WorkspaceUnderTest {
 protected:
  base::Json left() {
    Request request;
    request.method = "GET";
    request.path = "/sim/account";
    return json(simulator_->handle(request).body).at("left");
  }
};

TEST_F(Account, CountsWhatIsLeftByKindAndOfDirectoriesThoseOfRuns) {
  EXPECT_EQ(left(), json(R"({"deployments":0,"directories":0,"jobs":0,"secrets":0})"));
  Volume& volume = simulator_->world().volumes["lepton-shared-fs"];
  for (const char* directory :
       {"/shared/w/0123456789abcdef/gpqa/logs", "/shared/w/fedcba9876543210", "/shared/w/data", "/0123456789abcdeg"}) {
    volume.make_directory(directory);
  }
  ask("POST", "/deployments", endpoint("a"));
  ask("POST", "/usersecrets", R"([{"name":"s","value":"v"}])");
  const std::string id = create_job(job("eval"));
  EXPECT_EQ(left(), json(R"({"deployments":1,"directories":2,"jobs":1,"secrets":1})"));
  ask("DELETE", "/storage/lepton-shared-fs/shared/w/0123456789abcdef?removeall=true");
  ask("DELETE", "/deployments/a");
  ask("DELETE", "/usersecrets/s");
  ask("DELETE", "/jobs/" + id);
  pass(10s);
  EXPECT_EQ(left(), json(R"({"deployments":0,"directories":1,"jobs":0,"secrets":0})"));
}

}  // namespace
}  // namespace lepton_operator::simulator
