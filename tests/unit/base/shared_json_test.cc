#include "base/shared_json.h"

#include <gtest/gtest.h>

namespace lepton_operator::base {
namespace {

TEST(SharedJson, SharesUntilACopyIsChanged) {
  SharedJson one = parse_json(R"({"a": 1})", "test").value();
  SharedJson other = one;
  EXPECT_EQ(&*one, &*other);
  other["a"] = Json::number(2);
  EXPECT_EQ(get_int(one, "a"), 1);
  EXPECT_EQ(get_int(other, "a"), 2);
}

TEST(SharedJson, DoesNotCopyWhatItHasToItself) {
  SharedJson one = json_object();
  const Json* before = &*one;
  one["a"] = Json::number(1);
  EXPECT_EQ(&*one, before);
  EXPECT_EQ(get_int(one, "a"), 1);
}

TEST(SharedJson, IsNullWhenMadeOfNothing) { EXPECT_TRUE((*SharedJson()).is_null()); }

}  // namespace
}  // namespace lepton_operator::base
