#include <gmock/gmock.h>

#include "base/random.h"
#include "unit/invocation/samples.h"

namespace lepton_operator::invocation {
namespace {

constexpr const char* kId = "0123456789abcdef";

TEST(StorageDirectory, IsTheStoragePathAndTheInvocationId) {
  const auto directory = StorageDirectory::make("/shared/evals", kId);
  ASSERT_TRUE(directory);
  EXPECT_EQ(directory->path(), "/shared/evals/0123456789abcdef");
  EXPECT_EQ(directory->parent(), "/shared/evals");
  EXPECT_EQ(directory->id(), kId);
  EXPECT_EQ(StorageDirectory::make("/shared/evals/", kId)->path(), directory->path());
}

TEST(StorageDirectory, IsMadeOfNothingElse) {
  for (const char* path :
       {"", "/", "//", "shared", "./x", "/shared/..", "/shared/../x", "/shared/.", "/shared//x", "//shared", "/x//", "/x\n"}) {
    EXPECT_FALSE(StorageDirectory::make(path, kId)) << path;
  }
  for (const char* id : {"", "..", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF", "0123456789abcde/", "0123456789abcdeg"}) {
    EXPECT_FALSE(StorageDirectory::make("/shared", id)) << id;
  }
}

// Whatever the inputs: one directory exactly below a parent that is not the root, and nothing that could lead elsewhere.
TEST(StorageDirectory, NeverLeadsAnywhereElse) {
  const auto random = base::make_seeded_random(11);
  const std::vector<std::string> parts = {"/", "/",  "..", ".", "a", "shared", "",  "x y",
                                          "'", "\n", kId,  "0", "f", "~",      "*", std::string(1, '\0')};
  const auto any = [&](int most) {
    std::string text;
    for (std::uint64_t i = random->next() % static_cast<std::uint64_t>(most); i > 0; --i) text += parts[random->next() % parts.size()];
    return text;
  };
  int made = 0;
  for (int i = 0; i < 200'000; ++i) {
    const std::string path = any(8);
    const std::string id = random->next() % 2 == 0 ? kId : any(4);
    const auto directory = StorageDirectory::make(path, id);
    if (!directory) continue;
    ++made;
    ASSERT_EQ(directory->path(), directory->parent() + "/" + id);
    ASSERT_EQ(id.size(), 16U);
    ASSERT_GT(directory->parent().size(), 1U);
    ASSERT_EQ(directory->path()[0], '/');
    for (const char* bad : {"//", "/../", "/./", "\n"})
      ASSERT_EQ((directory->path() + "/").find(bad), std::string::npos) << directory->path();
  }
  EXPECT_GT(made, 1000);
}

}  // namespace
}  // namespace lepton_operator::invocation
