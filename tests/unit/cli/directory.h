// An operator's directory without an operator: its manifests, and the state files that one would have left.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "base/strings.h"
#include "unit/cli/said.h"

namespace lepton_operator::cli {

using Words = std::vector<std::string>;

inline constexpr const char* kInvocation = R"(apiVersion: lepton.dev/v1alpha1
kind: Invocation
metadata: {name: NAME}
spec:
  deployment: {type: none}
  target: {url: https://models.example/v1, modelId: m}
  evaluation: {tasks: [{name: hellaswag}]}
)";

inline std::string named(const char* text, const std::string& name) {
  std::string whole = text;
  return whole.replace(whole.find("NAME"), 4, name);
}

class Directory : public ::testing::Test {
 protected:
  Directory() {
    std::string pattern = testing::TempDir() + "/cli-XXXXXX";
    root_ = ::mkdtemp(pattern.data());
    std::filesystem::create_directories(root_ / "manifests");
    std::filesystem::create_directories(root_ / "state/default");
  }
  ~Directory() override { std::filesystem::remove_all(root_); }

  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(root_ / name) << text;
    return (root_ / name).string();
  }
  std::string manifest(const std::string& name, const std::string& text) { return file("manifests/" + name + ".yaml", text); }
  void recorded(const std::string& name, const std::string& text) { file("state/default/" + name + ".yaml", text); }

  Said ask(Words words, std::map<std::string, std::string> environment = {}, Streams streams = {}) {
    for (const char* flag : {"manifests", "state"}) {
      words.push_back(std::string(flag) == "state" ? "--state-dir" : "--manifests");
      words.push_back((root_ / flag).string());
    }
    environment.emplace("LEPTON_CACHE_DIR", (root_ / "no-login").string());
    return said(std::move(words), std::move(environment), streams);
  }

  // One sentence, one hint where there is one, and nothing was changed.
  void refuses(const Words& words, int code, const std::string& sentence, const std::string& hint = "",
               std::map<std::string, std::string> environment = {}) {
    SCOPED_TRACE(base::join(words, " "));
    const std::string before = manifests();
    const Said told = ask(words, std::move(environment));
    EXPECT_EQ(told.code, code);
    EXPECT_EQ(told.out, "");
    EXPECT_THAT(told.err, ::testing::StartsWith("kubectl-lepton: "));
    EXPECT_THAT(told.err, ::testing::HasSubstr(sentence));
    const std::size_t hinted = std::min(told.err.find("\nhint: "), told.err.size());
    EXPECT_THAT(told.err.substr(hinted), ::testing::HasSubstr(hint));
    EXPECT_EQ(manifests(), before);
  }

  std::string manifests() const {
    std::map<std::string, std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(root_ / "manifests")) {
      std::ifstream stream(entry.path());
      found[entry.path().filename().string()] = std::string(std::istreambuf_iterator<char>(stream), {});
    }
    std::string all;
    for (const auto& [name, text] : found) all += name + "\n" + text;
    return all;
  }

  std::filesystem::path root_;
};

}  // namespace lepton_operator::cli
