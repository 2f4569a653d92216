#include "app/state_directory.h"

#include <sys/stat.h>

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"

namespace lepton_operator::app {
namespace {

using base::Milliseconds;
using testing::HasSubstr;

class StateDirectory : public testing::Test {
 protected:
  StateDirectory() {
    std::string pattern = testing::TempDir() + "/state-XXXXXX";
    root_ = ::mkdtemp(pattern.data());
    state_ = root_ / "deep" / "state";
  }
  ~StateDirectory() override { std::filesystem::remove_all(root_); }

  std::filesystem::path root_;
  std::filesystem::path state_;
  std::unique_ptr<base::Random> random_ = base::make_seeded_random(1);
};

unsigned mode_of(const std::filesystem::path& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 0777u : 0;
}

TEST_F(StateDirectory, MakesTheInstallIdOnceAndKeepsIt) {
  const auto first = load_or_make_install_id(state_, *random_);
  ASSERT_TRUE(first);
  EXPECT_THAT(*first, testing::MatchesRegex("[0-9a-f]+-[0-9a-f]+-4[0-9a-f]+-[89ab][0-9a-f]+-[0-9a-f]+"));
  const auto second = load_or_make_install_id(state_, *random_);
  ASSERT_TRUE(second);
  EXPECT_EQ(*second, *first);
  EXPECT_EQ(mode_of(state_ / "install-id"), 0600u);
}

TEST_F(StateDirectory, RefusesADamagedInstallIdAndLeavesItAlone) {
  ASSERT_TRUE(base::write_file_atomically(state_ / "install-id", "12345\n"));
  const auto id = load_or_make_install_id(state_, *random_);
  ASSERT_FALSE(id);
  EXPECT_THAT(id.error().text(), HasSubstr("install-id: is not the UUID"));
  EXPECT_EQ(base::read_file(state_ / "install-id").value(), "12345\n");
}

TEST_F(StateDirectory, BelongsToOneProcessAtATime) {
  auto first = StateLock::acquire(state_, Milliseconds(0));
  ASSERT_TRUE(first);
  const auto second = StateLock::acquire(state_, Milliseconds(0));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().text(), state_.string() + ": another lepton-operator works with this state directory");
}

TEST_F(StateDirectory, IsFreeAgainWhenItsHolderGoes) {
  { ASSERT_TRUE(StateLock::acquire(state_, Milliseconds(0))); }
  EXPECT_TRUE(StateLock::acquire(state_, Milliseconds(0)));
}

TEST_F(StateDirectory, ThatIsAFileIsASentence) {
  std::ofstream(root_ / "deep") << "a file";
  const auto lock = StateLock::acquire(state_, Milliseconds(0));
  ASSERT_FALSE(lock);
  EXPECT_THAT(lock.error().text(), HasSubstr("deep/state: Not a directory"));
}

}  // namespace
}  // namespace lepton_operator::app
