// Runs one target over the inputs that the repository holds, its seeds and all that was ever found, without a fuzzer: an ordinary test.
//
//   fuzz_<target> FOLDER|FILE...
//
// A finding ends the process after the line that names its file.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "fuzz/promise.h"

namespace fs = std::filesystem;

int main(int count, char** words) {
  std::vector<fs::path> files;
  for (int i = 1; i < count; ++i) {
    if (!fs::exists(words[i])) continue;  // a target without regressions has no folder of them
    if (fs::is_directory(words[i])) {
      for (const fs::directory_entry& entry : fs::directory_iterator(words[i])) files.push_back(entry.path());
    } else {
      files.emplace_back(words[i]);
    }
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    std::printf("%s\n", file.c_str());
    std::fflush(stdout);
    std::ifstream stream(file, std::ios::binary);
    const std::string input{std::istreambuf_iterator<char>(stream), {}};
    lepton_operator::fuzz::try_input(input);
  }
  std::printf("%zu inputs, every promise kept\n", files.size());
  return files.empty() ? 1 : 0;
}
