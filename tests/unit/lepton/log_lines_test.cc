#include "lepton/log_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lepton_operator::lepton {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

base::Json json(const std::string& text) { return base::parse_json(text, "test").value(); }

TEST(LogLines, AreInTheOrderOfTheirTimesWhateverTheReplica) {
  const auto body = json(R"({"data": {"result": [
      {"stream": {"replica": "a"}, "values": [["1000000003", "third"], ["1000000001", "first"]]},
      {"stream": {"replica": "b"}, "values": [["1000000002", "second\r\n"]]}]}})");
  EXPECT_THAT(log_lines_of(body),
              ElementsAre(LogLine{1'000'000'001, "first"}, LogLine{1'000'000'002, "second"}, LogLine{1'000'000'003, "third"}));
}

TEST(LogLines, KeepEmptyOnesAndLeaveOutWhatIsNone) {
  EXPECT_THAT(log_lines_of(json(R"({"data": {"result": [{"values": [["1", ""], ["2"], "x", [3, 4]]}]}})")), ElementsAre(LogLine{1, ""}));
  EXPECT_THAT(log_lines_of(json(R"({"data": null})")), IsEmpty());
  EXPECT_THAT(log_lines_of(json("[]")), IsEmpty());
}

TEST(Replicas, AreNamedInEitherForm) {
  EXPECT_THAT(replica_ids_of(json(R"([{"metadata": {"id": "a"}}, {"id": "b"}, {"metadata": {}}, {"id": ""}])")), ElementsAre("a", "b"));
  EXPECT_THAT(replica_ids_of(json("{}")), IsEmpty());
}

}  // namespace
}  // namespace lepton_operator::lepton
