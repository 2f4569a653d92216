#include "base/time.h"

#include <gtest/gtest.h>

namespace lepton_operator::base {
namespace {

using namespace std::chrono_literals;

Timestamp at(std::int64_t milliseconds) { return Timestamp{Milliseconds{milliseconds}}; }

TEST(Timestamp, IsWrittenInRfc3339WithAFractionOnlyWhenThereIsOne) {
  EXPECT_EQ(format_timestamp(at(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_timestamp(at(1'782'907'200'250)), "2026-07-01T12:00:00.250Z");
  EXPECT_EQ(format_timestamp(at(-1)), "1969-12-31T23:59:59.999Z");
}

TEST(Timestamp, ComesBackAsItWasWritten) {
  for (const std::int64_t value : {0LL, 1LL, 999LL, 951'782'400'000LL, 1'782'907'200'250LL, -62'135'596'800'000LL}) {
    EXPECT_EQ(parse_timestamp(format_timestamp(at(value))), at(value));
  }
}

TEST(Timestamp, IsReadInEveryFormThatTheApiServerAccepts) {
  EXPECT_EQ(parse_timestamp("2026-07-01T14:00:00.25+02:00"), at(1'782'907'200'250));
  EXPECT_EQ(parse_timestamp("2026-07-01T12:00:00.250999Z"), at(1'782'907'200'250));
  EXPECT_EQ(parse_timestamp("2026-07-01t12:00:00.250z"), at(1'782'907'200'250));
}

TEST(Timestamp, RefusesWhatIsNone) {
  for (const char* text :
       {"", "now", "2026-07-01", "2026-07-01T12:00:00", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-07-01T24:00:00Z",
        "2026-07-01T12:00:00.Z", "2026-07-01T12:00:00ZZ", "2026-07-01T12:00:00+2:00", "2026-07-01T12:60:00Z"}) {
    EXPECT_EQ(parse_timestamp(text), std::nullopt) << text;
  }
}

TEST(Duration, IsReadAsKubernetesWritesIt) {
  EXPECT_EQ(parse_duration("20m"), 20min);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("24h"), 24h);
  EXPECT_EQ(parse_duration("1.5h"), 90min);
  EXPECT_EQ(parse_duration(".5s"), 500ms);
  EXPECT_EQ(parse_duration("1.005s"), 1005ms);
  EXPECT_EQ(parse_duration("2500us"), 2ms);
  EXPECT_EQ(parse_duration("2500\u00b5s"), 2ms);
  EXPECT_EQ(parse_duration("1h0m0s"), 1h);
  EXPECT_EQ(parse_duration("0"), 0ms);
}

TEST(Duration, RefusesWhatIsNone) {
  for (const char* text :
       {"", "20", "m", "-5m", "+5m", "5 m", "1d", "20min", "1h30", "inf", "nanh", "1e3s", "0x10s", "9999999999999h", ".s", "1..5s"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Duration, IsWrittenInAtMostTwoUnits) {
  EXPECT_EQ(format_duration(0ms), "0s");
  EXPECT_EQ(format_duration(250ms), "250ms");
  EXPECT_EQ(format_duration(2340ms), "2.3s");
  EXPECT_EQ(format_duration(12'999ms), "12s");
  EXPECT_EQ(format_duration(252s), "4m12s");
  EXPECT_EQ(format_duration(20min), "20m");
  EXPECT_EQ(format_duration(90min + 5s), "1h30m");
  EXPECT_EQ(format_duration(24h), "24h");
  EXPECT_EQ(format_duration(-90s), "-1m30s");
}

TEST(Duration, WholeOnesComeBackAsTheyWereWritten) {
  for (const Milliseconds duration : {Milliseconds{1}, Milliseconds{999}, Milliseconds{2300}, Milliseconds{59'000}, Milliseconds{60'000},
                                      Milliseconds{252'000}, Milliseconds{5'400'000}, Milliseconds{604'800'000}}) {
    EXPECT_EQ(parse_duration(format_duration(duration)), duration);
  }
}

}  // namespace
}  // namespace lepton_operator::base
