#include <gmock/gmock.h>

#include <regex>
#include <unordered_set>

#include "base/random.h"
#include "unit/invocation/samples.h"

namespace lepton_operator::invocation {
namespace {

bool is_lepton_name(const std::string& name) {
  static const std::regex pattern("[a-z]([-a-z0-9]*[a-z0-9])?");
  return name.size() <= 36 && std::regex_match(name, pattern) && !name.ends_with("by-lepton");
}

TEST(Names, OfTenThousandInvocationsNeverCollide) {
  const auto random = base::make_seeded_random(7);
  std::unordered_set<std::string> seen;
  std::size_t made = 0;
  const auto add = [&](const std::string& name) {
    seen.insert(name);
    ++made;
    if (made % 97 == 0) {
      ASSERT_TRUE(is_lepton_name(name)) << name;
    }
  };
  for (int i = 0; i < 10'000; ++i) {
    const std::string uid = random->uuid();
    for (const char* task : {"gpqa_diamond", "gpqa_diamond_cot", "mmlu", "hellaswag"}) {  // two read alike
      add(endpoint_name(DeploymentType::kNim, uid, task, 0));
      add(job_name(uid, task, 0));
      add(job_name(uid, task, 1));
    }
    add(cleanup_job_name(uid, 0));
    add(secret_name(uid, "token"));
    add(secret_name(uid, "hf/token"));
    seen.insert(invocation_id(uid));
    ++made;
  }
  EXPECT_EQ(seen.size(), made);
}

TEST(Names, AreNamesWhateverTheTaskIsCalled) {
  const std::vector<std::string> tasks{"a", "A", "___", "-", "9lives", "x.y.z", "by-lepton", "ÄÖÜ", std::string(63, 'z'), ""};
  for (const std::string& task : tasks) {
    for (const int number : {0, 7, 2'147'483'647}) {
      for (const auto type : {DeploymentType::kNim, DeploymentType::kVllm, DeploymentType::kSglang}) {
        EXPECT_TRUE(is_lepton_name(endpoint_name(type, samples::kUid, task, number))) << endpoint_name(type, samples::kUid, task, number);
      }
      EXPECT_TRUE(is_lepton_name(job_name(samples::kUid, task, number)));
      EXPECT_TRUE(is_lepton_name(cleanup_job_name(samples::kUid, number)));
    }
    EXPECT_TRUE(is_lepton_name(secret_name(samples::kUid, task))) << secret_name(samples::kUid, task);
  }
}

TEST(Names, AreTheSameAfterARestartAndOfEveryVersion) {
  // Written down, not computed: a change of these would orphan everything that runs.
  EXPECT_EQ(invocation_id(samples::kUid), "78d19a3b0c14f064");
  EXPECT_EQ(endpoint_name(DeploymentType::kNim, samples::kUid, "gpqa_diamond", 0), "nim-gpqa-d-0-6ewt6v52nj");
  EXPECT_EQ(job_name(samples::kUid, "gpqa_diamond", 0), "eval-gpqa-d-0-csqvgzy386");
  EXPECT_EQ(cleanup_job_name(samples::kUid, 1), "cleanup-1-yyyw42j8hj");
  EXPECT_EQ(secret_name(samples::kUid, "token"), "inv-token-rvwf9vjqqn");
}

TEST(OwnerLabels, SayWhoseItIs) {
  ObjectMeta meta;
  meta.key = {"team", "llama"};
  meta.uid = samples::kUid;
  const lepton::Labels labels = owner_labels("install", meta, "gpqa_diamond", 2);
  EXPECT_THAT(labels, ::testing::UnorderedElementsAre(::testing::Pair(kInstallLabel, "install"), ::testing::Pair(kNamespaceLabel, "team"),
                                                      ::testing::Pair(kNameLabel, "llama"), ::testing::Pair(kUidLabel, samples::kUid),
                                                      ::testing::Pair(kTaskLabel, "gpqa_diamond"), ::testing::Pair(kAttemptLabel, "2")));
  EXPECT_EQ(owner_uid(labels), samples::kUid);
  EXPECT_EQ(owner_uid({}), "");
  EXPECT_FALSE(owner_labels("install", meta, "", 0).contains(kTaskLabel));
}

TEST(OwnerLabels, FitWhateverTheNamesAre) {
  static const std::regex pattern("[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?");
  const std::string long_name = std::string(200, 'a') + "." + std::string(50, 'b');
  std::unordered_set<std::string> values;
  for (const std::string& name :
       {long_name, long_name + "c", std::string(62, 'a') + "-b", std::string("a"), std::string("-x-"), std::string("ä")}) {
    ObjectMeta meta;
    meta.key = {"team", name};
    meta.uid = samples::kUid;
    const std::string value(owner_labels("install", meta, "", 0).at(kNameLabel));
    EXPECT_LE(value.size(), 63U);
    EXPECT_TRUE(std::regex_match(value, pattern)) << value;
    EXPECT_TRUE(values.insert(value).second) << value;
  }
}

}  // namespace
}  // namespace lepton_operator::invocation
