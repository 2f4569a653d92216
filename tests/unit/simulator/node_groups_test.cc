#include <gmock/gmock.h>

#include "workspace_under_test.h"

namespace lepton_operator::simulator {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Not;

class NodeGroups : public WorkspaceUnderTest {
 protected:
  std::vector<std::string> shapes(const std::string& query) {
    std::vector<std::string> names;
    const base::Json body = get("/shapes" + query);
    for (const base::Json& each : base::elements(&body)) names.push_back(each.at("spec").at("name").as_string());
    return names;
  }
};

TEST_F(NodeGroups, OfferTheShapesThatTheyHaveGpusFor) {
  EXPECT_THAT(shapes(""), AllOf(Contains("gpu.a10"), Contains("gpu.1xh200"), Contains("cpu.small")));
  EXPECT_THAT(shapes("?node_groups=h200-eu-a1b2c3d4&purpose=job"),
              AllOf(Contains("gpu.1xh200"), Contains("cpu.small"), Not(Contains("gpu.a10"))));
  EXPECT_THAT(shapes("?node_groups=cpu-eu-0f1e2d3c"), AllOf(Contains("cpu.small"), Not(Contains("gpu.1xh200"))));
  EXPECT_EQ(get("/shapes").at(0).at("spec").at("listable_in"), json(R"(["pod","deployment","job"])"));
}

TEST_F(NodeGroups, RefuseShapesOfAGroupOrPurposeThatIsNone) {
  EXPECT_EQ(ask("GET", "/shapes?node_groups=h200-eu").status, 400) << "a name is no id";
  EXPECT_EQ(ask("GET", "/shapes?purpose=endpoint").status, 400);
}

TEST_F(NodeGroups, WithGpusTakePriorities) {
  EXPECT_TRUE(get("/dedicated-node-groups/h200-eu-a1b2c3d4").at("status").at("quota_enabled").as_bool());
  EXPECT_FALSE(get("/dedicated-node-groups/cpu-eu-0f1e2d3c").at("status").at("quota_enabled").as_bool());
}

}  // namespace
}  // namespace lepton_operator::simulator
