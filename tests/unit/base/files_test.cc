#include "base/files.h"

#include <cstdlib>
#include <fstream>
#include <set>

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace {

std::set<std::filesystem::path> synced;  // what fsync was called for, by path

}  // namespace

// In place of the C library's, so that a test sees what is made durable.
extern "C" int fsync(int descriptor) {
  std::error_code ignored;
  synced.insert(std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor), ignored));
  return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

namespace lepton_operator::base {
namespace {

namespace fs = std::filesystem;

class Files : public ::testing::Test {
 protected:
  Files() {
    std::string pattern = (fs::temp_directory_path() / "lepton-operator-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~Files() override { fs::remove_all(directory_); }

  static unsigned mode_of(const fs::path& path) {
    struct stat info {};
    ::stat(path.c_str(), &info);
    return info.st_mode & 07777u;
  }
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory_), fs::directory_iterator()));
  }

  fs::path directory_;
};

TEST_F(Files, AreReadAsTheyWereWritten) {
  const std::string content("a\0b\n\xff", 5);
  ASSERT_TRUE(write_file_atomically(directory_ / "x", content));
  EXPECT_EQ(*read_file(directory_ / "x"), content);
}

TEST_F(Files, HaveExactlyTheModeAskedForWhateverTheUmask) {
  const auto before = ::umask(0077);
  ASSERT_TRUE(write_file_atomically(directory_ / "open", "x", 0644));
  ::umask(0);
  ASSERT_TRUE(write_file_atomically(directory_ / "secret", "x"));
  ::umask(before);
  EXPECT_EQ(mode_of(directory_ / "open"), 0644u);
  EXPECT_EQ(mode_of(directory_ / "secret"), 0600u);
}

TEST_F(Files, AreReplacedWithoutALeftover) {
  ASSERT_TRUE(write_file_atomically(directory_ / "x", "long content"));
  ASSERT_TRUE(write_file_atomically(directory_ / "x", "short"));
  EXPECT_EQ(*read_file(directory_ / "x"), "short");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(Files, MakeTheirDirectoriesForTheirOwnerAlone) {
  ASSERT_TRUE(write_file_atomically(directory_ / "a" / "b" / "x", "1"));
  EXPECT_EQ(mode_of(directory_ / "a"), 0700u);
  EXPECT_EQ(mode_of(directory_ / "a" / "b"), 0700u);
}

TEST_F(Files, LeaveNothingBehindWhenTheTargetIsADirectory) {
  fs::create_directory(directory_ / "x");
  const auto result = write_file_atomically(directory_ / "x", "1");
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().text().find("cannot write"), std::string::npos);
  EXPECT_EQ(entries(), 1u);
}

TEST_F(Files, AbsentIsNotFound) {
  EXPECT_EQ(read_file(directory_ / "none").error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(read_file(directory_ / "none").error().where, (directory_ / "none").string());
}

TEST_F(Files, TooLargeAndNotAFileAreInvalid) {
  ASSERT_TRUE(write_file_atomically(directory_ / "x", std::string(100, 'x')));
  EXPECT_TRUE(read_file(directory_ / "x", 100));
  EXPECT_EQ(read_file(directory_ / "x", 99).error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(read_file(directory_).error().kind, ErrorKind::kInvalid);
  ASSERT_EQ(::mkfifo((directory_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(read_file(directory_ / "pipe").error().kind, ErrorKind::kInvalid);
}

TEST_F(Files, AreRemovedOnceAndTwice) {
  ASSERT_TRUE(write_file_atomically(directory_ / "x", "1"));
  EXPECT_TRUE(remove_file(directory_ / "x"));
  EXPECT_FALSE(fs::exists(directory_ / "x"));
  EXPECT_TRUE(remove_file(directory_ / "x"));
  EXPECT_FALSE(remove_file(directory_));
}

TEST_F(Files, InADirectoryJustMadeSurviveAPowerCutWithIt) {
  synced.clear();
  ASSERT_TRUE(write_file_atomically(directory_ / "a" / "b" / "x", "1"));
  const fs::path real = fs::canonical(directory_);
  EXPECT_TRUE(synced.contains(real)) << "the entry of a";
  EXPECT_TRUE(synced.contains(real / "a")) << "the entry of b";
  EXPECT_TRUE(synced.contains(real / "a" / "b")) << "the entry of x";
}

}  // namespace
}  // namespace lepton_operator::base
