#include "kube/json_patch.h"

#include <gtest/gtest.h>

namespace lepton_operator::kube {
namespace {

using base::Json;

TEST(JsonPatch, SaysItsOperationsInOrder) {
  JsonPatch patch;
  patch.test({"metadata", "uid"}, Json::string("u1")).absent({"metadata", "deletionTimestamp"}).set({"list", "-"}, Json::number(3));
  patch.remove({"metadata", "finalizers", "0"});
  EXPECT_EQ(base::to_text(patch.body()), R"([{"op":"test","path":"/metadata/uid","value":"u1"},)"
                                         R"({"op":"test","path":"/metadata/deletionTimestamp","value":null},)"
                                         R"({"op":"add","path":"/list/-","value":3},)"
                                         R"({"op":"remove","path":"/metadata/finalizers/0"}])");
}

TEST(JsonPatch, EscapesWhatAPointerWouldTakeForItsOwn) {
  JsonPatch patch;
  patch.remove({"metadata", "annotations", "lepton.dev/a~b"});
  EXPECT_EQ(base::get_string(patch.body().at(0), "path"), "/metadata/annotations/lepton.dev~1a~0b");
}

}  // namespace
}  // namespace lepton_operator::kube
