// The cleanup job's script under real bash: it removes one directory and refuses everything else.
#include <gmock/gmock.h>

#include "base/random.h"

#include "unit/invocation/bash_runner.h"
#include "unit/invocation/samples.h"

namespace lepton_operator::invocation {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr const char* kId = "0123456789abcdef";

class CleanupScript : public ::testing::Test {
 protected:
  CleanupScript() : volume_(runner_.file("volume")) { fs::create_directories(volume_ / "fedcba9876543210"); }

  testing::Finished run(const std::string& directory) {
    const samples::Rendered rendered(samples::nim());
    runner_.set_env("CLEANUP_DIRECTORY", directory);
    return runner_.run(render_cleanup_job(rendered.input(), "registry.example/image:1", 0).command);
  }

  void expect_neighbour_is_there() { EXPECT_TRUE(fs::exists(volume_ / "fedcba9876543210")); }

  testing::BashRunner runner_;
  fs::path volume_;
};

TEST_F(CleanupScript, RemovesTheDirectoryAndAllInIt) {
  fs::create_directories(volume_ / kId / "gpqa_diamond" / "-rf it's");
  testing::write(volume_ / kId / ".hidden", "x");
  const auto end = run((volume_ / kId).string());
  EXPECT_EQ(end.exit_code, 0) << end.output;
  EXPECT_FALSE(fs::exists(volume_ / kId));
  expect_neighbour_is_there();
}

TEST_F(CleanupScript, IsDoneWhenTheDirectoryIsGoneAlready) {
  EXPECT_EQ(run((volume_ / kId).string()).exit_code, 0);
  expect_neighbour_is_there();
}

TEST_F(CleanupScript, FailsWhenTheVolumeIsNotThere) { EXPECT_EQ(run((runner_.file("elsewhere") / kId).string()).exit_code, 1); }

TEST_F(CleanupScript, RefusesASymbolicLinkAndLeavesItsTarget) {
  fs::create_directory_symlink(volume_ / "fedcba9876543210", volume_ / kId);
  const auto end = run((volume_ / kId).string());
  EXPECT_EQ(end.exit_code, 1);
  EXPECT_THAT(end.output, HasSubstr("symbolic link"));
  expect_neighbour_is_there();
}

TEST_F(CleanupScript, DoesNotFollowLinksInsideTheDirectory) {
  fs::create_directories(volume_ / kId);
  fs::create_directory_symlink(volume_ / "fedcba9876543210", volume_ / kId / "link");
  EXPECT_EQ(run((volume_ / kId).string()).exit_code, 0);
  expect_neighbour_is_there();
}

TEST_F(CleanupScript, RefusesEverythingThatIsNoInvocationsDirectory) {
  const std::string volume = volume_.string();
  for (const std::string& directory :
       {std::string(), std::string("/"), volume, volume + "/", volume + "/0123456789ABCDEF", volume + "/0123", volume + "/" + kId + "/",
        volume + "/../volume/" + kId, volume + "/./" + kId, volume + "//" + kId, std::string(kId), volume + "/" + kId + "\n"}) {
    fs::create_directories(volume_ / kId);
    EXPECT_EQ(run(directory).exit_code, 1) << directory;
    EXPECT_TRUE(fs::exists(volume_ / kId)) << directory;
    expect_neighbour_is_there();
  }
}

TEST_F(CleanupScript, RefusesAPathThatASymbolicLinkStandsIn) {
  fs::create_directories(volume_ / kId);
  fs::create_directory_symlink(volume_, runner_.file("link"));
  const auto end = run((runner_.file("link") / kId).string());
  EXPECT_EQ(end.exit_code, 1);
  EXPECT_THAT(end.output, HasSubstr("a symbolic link stands in its path"));
  EXPECT_TRUE(fs::exists(volume_ / kId));
}

// Whatever the path, with real links beside and below the volume: only a plain volume/<16 hex digits> ever goes, and nothing else with it.
TEST_F(CleanupScript, NeverTouchesAnythingElseWhateverThePath) {
  const auto random = base::make_seeded_random(29);
  const fs::path precious = runner_.file("precious");
  fs::create_directories(precious / kId / "deep");
  const std::string volume = volume_.string();
  const std::vector<std::string> starts = {volume, volume, runner_.file("link").string(), precious.parent_path().string(), "", "."};
  const std::vector<std::string> parts = {"", ".", "..", kId, kId, "0000000000000000", "inner", "volume", "*", "-rf", "a b", "\n"};
  fs::create_directory_symlink(volume_, runner_.file("link"));
  fs::create_directory_symlink(precious, volume_ / "inner");
  fs::create_directory_symlink(precious, volume_ / "0000000000000000");
  int removed = 0;
  for (int i = 0; i < 120; ++i) {
    fs::create_directories(volume_ / kId / "gpqa_diamond");
    fs::create_directory_symlink(precious, volume_ / kId / "gpqa_diamond" / "link-" += std::to_string(i));
    std::string path = starts[random->next() % starts.size()];
    for (std::uint64_t n = 1 + random->next() % 3; n > 0; --n) path += "/" + parts[random->next() % parts.size()];
    if (i % 10 == 0) path = volume + "/" + kId;  // chance alone finds it rarely
    const auto end = run(path);
    const bool gone = !fs::exists(volume_ / kId);
    removed += gone ? 1 : 0;
    ASSERT_EQ(gone, path == volume + "/" + kId) << path << ": " << end.output;
    // What is not there has nothing to be removed.
    const bool nothing_there = !gone && end.output.find("is gone already") != std::string::npos;
    ASSERT_TRUE(!nothing_there || !fs::exists(path)) << path << ": " << end.output;
    ASSERT_EQ(end.exit_code, gone || nothing_there ? 0 : 1) << path << ": " << end.output;
    ASSERT_TRUE(fs::exists(precious / kId / "deep")) << path;
    ASSERT_TRUE(fs::is_symlink(volume_ / "inner") && fs::is_symlink(volume_ / "0000000000000000")) << path;
    expect_neighbour_is_there();
  }
  EXPECT_GT(removed, 5);
}

TEST_F(CleanupScript, FailsWhenSomethingStays) {
  runner_.add_program("rm", "exit 0\n");
  fs::create_directories(volume_ / kId);
  const auto end = run((volume_ / kId).string());
  EXPECT_EQ(end.exit_code, 1);
  EXPECT_THAT(end.output, HasSubstr("still there"));
}

}  // namespace
}  // namespace lepton_operator::invocation
