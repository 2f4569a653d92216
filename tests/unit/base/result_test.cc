#include "base/result.h"

#include <gtest/gtest.h>

namespace lepton_operator::base {
namespace {

TEST(Error, ReadsAsWhereAndWhat) {
  EXPECT_EQ((Error{.kind = ErrorKind::kInvalid, .what = "is empty", .where = "a.yaml:3"}).text(), "a.yaml:3: is empty");
  EXPECT_EQ((Error{.kind = ErrorKind::kInvalid, .what = "is empty"}).text(), "is empty");
}

TEST(Error, IsUncertainExactlyWhenTheRequestMayHaveTakenEffect) {
  const auto uncertain = [](ErrorKind kind) { return Error{.kind = kind, .what = ""}.uncertain(); };
  for (const auto kind : {ErrorKind::kServer, ErrorKind::kInterrupted, ErrorKind::kTimeout, ErrorKind::kMalformed}) {
    EXPECT_TRUE(uncertain(kind)) << to_string(kind);
  }
  for (const auto kind : {ErrorKind::kInvalid, ErrorKind::kNotFound, ErrorKind::kConflict, ErrorKind::kUnauthorized, ErrorKind::kForbidden,
                          ErrorKind::kThrottled, ErrorKind::kUnsupported, ErrorKind::kUnreachable, ErrorKind::kCancelled}) {
    EXPECT_FALSE(uncertain(kind)) << to_string(kind);
  }
}

TEST(Result, HoldsAValueOrAnError) {
  const Result<int> value = 3;
  const Result<int> error = Error{.kind = ErrorKind::kNotFound, .what = "gone"};
  ASSERT_TRUE(value);
  EXPECT_EQ(*value, 3);
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().what, "gone");
  EXPECT_THROW((void)error.value(), std::bad_variant_access);
}

}  // namespace
}  // namespace lepton_operator::base
