// The two small files of the directory mode: keys of generated tokens, and the credentials snapshot.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/hash.h"
#include "reconcile/credentials_file.h"
#include "reconcile/key_file.h"

namespace lepton_operator::reconcile {
namespace {

namespace fs = std::filesystem;

class StateFilesTest : public testing::Test {
 protected:
  StateFilesTest() {
    std::string name = (fs::temp_directory_path() / "reconcile-XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
  }
  ~StateFilesTest() override { fs::remove_all(directory_); }
  static unsigned mode(const fs::path& path) { return static_cast<unsigned>(fs::status(path).permissions()); }

  fs::path directory_;
  std::unique_ptr<base::Random> random_ = base::make_seeded_random(7);
};

class KeyFileTest : public StateFilesTest {
 protected:
  fs::path path() const { return directory_ / "token-key"; }
};

TEST_F(KeyFileTest, IsMadeOnceWithAKeyOf32Bytes) {
  const auto first = KeyFile::open(path(), *random_);
  ASSERT_TRUE(first.ok());
  const std::string id = (*first)->current_id();
  const std::string key = (*first)->key(id).value_or("");
  EXPECT_EQ(key.size(), 32u);
  EXPECT_EQ(id, base::sha256_hex(key).substr(0, 8));
  EXPECT_EQ(mode(path()), 0600u);
  const auto again = KeyFile::open(path(), *random_);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ((*again)->key(id), key);
}

TEST_F(KeyFileTest, AnIdThatYamlCouldTakeForANumberStaysText) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto random = base::make_seeded_random(seed);
    const fs::path file = directory_ / std::to_string(seed);
    const auto made = KeyFile::open(file, *random);
    const auto read = KeyFile::open(file, *random);
    ASSERT_TRUE(read.ok()) << read.error().text();
    EXPECT_EQ((*read)->current_id(), (*made)->current_id());
  }
}

TEST_F(KeyFileTest, ADamagedFileIsNeverReplaced) {
  ASSERT_TRUE(KeyFile::open(path(), *random_).ok());
  const std::string good = *base::read_file(path());
  for (const std::string& bad : {std::string("current: nothing\n"), std::string(""), good.substr(0, good.size() / 2)}) {
    ASSERT_TRUE(base::write_file_atomically(path(), bad).ok());
    EXPECT_FALSE(KeyFile::open(path(), *random_).ok());
    EXPECT_EQ(*base::read_file(path()), bad);
  }
}

TEST_F(KeyFileTest, RotatesWhenToldToAndKeepsTheOldKeysForWhatRuns) {
  const std::string first = (*KeyFile::open(path(), *random_))->current_id();
  const std::string first_key = (*KeyFile::open(path(), *random_))->key(first).value();
  std::string text = *base::read_file(path());
  const std::size_t at = text.find("current:");
  text.replace(at, text.find('\n', at) - at, "current: rotate");
  ASSERT_TRUE(base::write_file_atomically(path(), text, 0600).ok());
  const auto rotated = KeyFile::open(path(), *random_);
  ASSERT_TRUE(rotated.ok()) << rotated.error().text();
  const std::string second = (*rotated)->current_id();
  EXPECT_NE(second, first);
  EXPECT_EQ((*rotated)->key(first), first_key);
  const auto again = KeyFile::open(path(), *random_);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ((*again)->current_id(), second);
  EXPECT_EQ((*again)->key(first), first_key);
  EXPECT_EQ((*again)->key(second), (*rotated)->key(second));
  EXPECT_EQ(mode(path()), 0600u);
}

class CredentialsFileTest : public StateFilesTest {
 protected:
  fs::path path() const { return directory_ / "credentials"; }
  const invocation::ObjectKey key_{"team", "default"};
  const lepton::Credentials credentials_{"ws", "nvapi-1", "https://h/api/v2/workspaces/ws", "https://h"};
};

TEST_F(CredentialsFileTest, KeepsCredentialsAcrossRestartsForItsOwnerOnly) {
  const auto file = CredentialsFile::open(path());
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->save(key_, credentials_).ok());
  EXPECT_EQ(mode(path()), 0600u);
  const auto again = CredentialsFile::open(path());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ((*again)->load(key_), credentials_);
  EXPECT_EQ((*again)->load({"team", "other"}), std::nullopt);
}

TEST_F(CredentialsFileTest, GoesWithItsLastEntry) {
  const auto file = CredentialsFile::open(path());
  ASSERT_TRUE((*file)->save(key_, credentials_).ok());
  ASSERT_TRUE((*file)->remove(key_).ok());
  EXPECT_FALSE(fs::exists(path()));
  EXPECT_TRUE((*file)->remove(key_).ok());
}

TEST_F(CredentialsFileTest, ADamagedFileIsRefusedWithItsName) {
  ASSERT_TRUE(base::write_file_atomically(path(), "team/default: {workspaceId: ws}\n").ok());
  const auto file = CredentialsFile::open(path());
  ASSERT_FALSE(file.ok());
  EXPECT_THAT(file.error().text(), testing::HasSubstr("credentials"));
}

}  // namespace
}  // namespace lepton_operator::reconcile
