#include "kube/reflector.h"

namespace lepton_operator::kube {

namespace {

constexpr std::size_t kLongestLine = 64u << 20;

base::Error too_long() { return {.kind = base::ErrorKind::kMalformed, .what = "a line of the watch is longer than 64 MiB"}; }

}  // namespace

Result<std::vector<std::string>> LineSplitter::push(std::string_view chunk) {
  std::vector<std::string> lines;
  for (auto end = chunk.find('\n'); end != std::string_view::npos; end = chunk.find('\n')) {
    if (rest_.size() + end > kLongestLine) return too_long();
    rest_ += chunk.substr(0, end);
    if (rest_.ends_with('\r')) rest_.pop_back();
    lines.push_back(std::exchange(rest_, {}));
    chunk.remove_prefix(end + 1);
  }
  if (rest_.size() + chunk.size() > kLongestLine) return too_long();
  rest_ += chunk;
  return lines;
}

}  // namespace lepton_operator::kube
