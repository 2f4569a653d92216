#include "base/strings.h"

#include <algorithm>
#include <numeric>

#include "base/utf8.h"

namespace lepton_operator::base {

namespace {

// Levenshtein's distance, swaps of neighbours counted as one (the commonest slip of the fingers).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> previous(b.size() + 1);
  std::vector<std::size_t> current(b.size() + 1);
  std::iota(previous.begin(), previous.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) current[j] = std::min(current[j], before[j - 2] + 1);
    }
    std::swap(before, previous);
    std::swap(previous, current);
  }
  return previous[b.size()];
}

struct Candidate {
  std::size_t cost;
  const std::string* name;
};

}  // namespace

std::vector<std::string> nearest(std::string_view word, const std::vector<std::string>& known, std::size_t most) {
  constexpr std::size_t kLongest = 256;  // nobody means anything by more; keeps the cost bounded
  const std::string meant = lower(word.substr(0, kLongest));
  if (meant.empty()) return {};
  std::vector<Candidate> candidates;
  for (const std::string& name : known) {
    const std::string folded = lower(std::string_view(name).substr(0, kLongest));
    const std::size_t distance = edit_distance(meant, folded);
    const std::size_t tolerated = std::max<std::size_t>(1, std::max(meant.size(), folded.size()) / 3);
    const bool contained =
        meant.size() >= 3 && folded.size() >= 3 && (folded.find(meant) != std::string::npos || meant.find(folded) != std::string::npos);
    if (distance <= tolerated) {
      candidates.push_back({distance, &name});
    } else if (contained) {
      candidates.push_back({tolerated + distance, &name});  // after every close spelling
    }
  }
  std::sort(candidates.begin(), candidates.end(),
            [](const Candidate& a, const Candidate& b) { return a.cost != b.cost ? a.cost < b.cost : *a.name < *b.name; });
  std::vector<std::string> names;
  for (const Candidate& candidate : candidates) {
    if (names.size() == most) break;
    names.push_back(*candidate.name);
  }
  return names;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i != 0) text += separator;
    text += parts[i];
  }
  return text;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::string clipped(std::string_view raw, std::size_t most) {
  static constexpr std::string_view kEllipsis = "\u2026";
  std::string text = as_utf8(raw);
  if (text.size() <= most) return text;
  std::size_t end = most >= kEllipsis.size() ? most - kEllipsis.size() : most;
  const auto continues = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80; };
  while (end > 0 && continues(end)) --end;
  return text.substr(0, end) + std::string(most >= kEllipsis.size() ? kEllipsis : "");
}

}  // namespace lepton_operator::base
