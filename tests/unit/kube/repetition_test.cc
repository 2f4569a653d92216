#include "kube/repetition.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "base/json.h"

namespace lepton_operator::kube {
namespace {

TEST(Repetition, IsLeftOutWhereverItStands) {
  const std::map<std::string, std::string> cases = {
      {R"({"metadata":{"a":1,"managedFields":[1],"b":2},"spec":{}})", R"({"metadata":{"a":1,"b":2},"spec":{}})"},
      {R"({"metadata":{"managedFields":[{"x":"]"}],"b":2}})", R"({"metadata":{"b":2}})"},
      {R"({"metadata":{"a":1,"managedFields":[]}})", R"({"metadata":{"a":1}})"},
      {R"({"metadata":{"managedFields":[]}})", R"({"metadata":{}})"},
      {R"({"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"a\":1}\n"},"managedFields":[{}],"name":"x"}})",
       R"({"metadata":{"annotations":{},"name":"x"}})"},
      {R"({"metadata":{"managedFields":[{}],"annotations":{"a":"b","kubectl.kubernetes.io/last-applied-configuration":"{}","c":"d"}}})",
       R"({"metadata":{"annotations":{"a":"b","c":"d"}}})"},
  };
  for (const auto& [whole, rest] : cases) {
    EXPECT_EQ(without_repetition(whole), rest);
    EXPECT_TRUE(base::parse_json(rest, "test").ok());
  }
}

TEST(Repetition, OtherTextsStayAsTheyAre) {
  for (const char* text :
       {R"({"metadata":{"managedFields":[1] ,"b":2}})",
        R"({"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{}" ,"b":"2"}}})",
        R"({"metadata":{"managedFields" : [1]}})", R"({"metadata":{"a":1, "managedFields":[1]}})", R"({"metadata":{"a":1}})",
        R"({"managedFields":[1]})", R"({"metadata":7})", R"({"spec":{"managedFields":[1]}})", "nothing"}) {
    EXPECT_EQ(without_repetition(text), text);
  }
}

}  // namespace
}  // namespace lepton_operator::kube
