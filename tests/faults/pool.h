// Many independent pieces of work, on several processes: each begins with all that its parent has, and sends back lines of text.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace lepton_operator::faults {

struct Outcome {
  std::size_t piece = 0;
  std::vector<std::string> lines;  // what is wrong; empty: nothing
};

using Work = std::function<std::vector<std::string>(std::size_t piece)>;
using Take = std::function<bool(const Outcome&)>;  // false: no further piece is begun

// Calls `work` once for each piece below `pieces`, in whichever process is free, and `take` here for each that ended with lines. A process
// that dies takes no other piece with it: its own is reported, and another process takes its place. Returns how many pieces were begun.
std::size_t work_on_all(std::size_t pieces, int processes, const Work& work, const Take& take);

}  // namespace lepton_operator::faults
