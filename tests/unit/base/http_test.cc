#include "base/http.h"

#include <gtest/gtest.h>

namespace lepton_operator::base {
namespace {

using namespace std::chrono_literals;

TEST(Encoding, KeepsASegmentOneSegment) {
  EXPECT_EQ(encode_segment("aZ9-._~"), "aZ9-._~");
  EXPECT_EQ(encode_segment("a/b?c#d%e f&g=h+i"), "a%2Fb%3Fc%23d%25e%20f%26g%3Dh%2Bi");
  EXPECT_EQ(encode_segment("\u00e9"), "%C3%A9");
}

TEST(Encoding, WritesAQueryInItsOrder) {
  EXPECT_EQ(encode_query({}), "");
  EXPECT_EQ(encode_query({{"q", "a b&c"}, {"page", "2"}, {"q", ""}}), "q=a%20b%26c&page=2&q=");
}

TEST(RetryAfter, TakesSecondsAndEveryFormOfDate) {
  const Timestamp now = *parse_timestamp("1994-11-06T08:49:30Z");
  EXPECT_EQ(parse_retry_after("7", now), 7s);
  EXPECT_EQ(parse_retry_after(" 0 ", now), 0s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), 7s);
  EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:49:37 GMT", now), 7s);
  EXPECT_EQ(parse_retry_after("Sun Nov  6 08:49:37 1994", now), 7s);
}

TEST(RetryAfter, IsNothingForADateThatPassed) {
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", *parse_timestamp("2026-01-01T00:00:00Z")), 0s);
}

TEST(RetryAfter, IsAbsentWhenUnreadable) {
  for (const char* text : {"", "  ", "soon", "-1", "1.5", "99999999999999999999", "Sun, 06 Nov 1994"}) {
    EXPECT_EQ(parse_retry_after(text, Timestamp{}), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace lepton_operator::base
