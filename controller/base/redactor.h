// Takes secrets out of text that others may read: values given to it, as they are and in the forms that answers and logs give them (inside
// of a JSON string, percent-encoded, and in Base64 of either alphabet, wherever in the encoded text they stand).
//
// One pass over the text, however many secrets there are. Not synchronised: its owner's thread. Never fails; what is shorter than kShortest
// is not taken, since it would blot out ordinary words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lepton_operator::base {

class Redactor {
 public:
  static constexpr std::size_t kShortest = 8;

  // Each takes one remove() back; what was added more often stays until the last. False: too short, or known already.
  bool add(const std::string& secret);
  void remove(const std::string& secret);

  std::string clean(std::string_view text) const;  // each occurrence as "***", overlapping ones as one
  bool found_in(std::string_view text) const;

 private:
  // Where the longest form that begins at `at` ends; `at` when none does.
  std::size_t match(std::string_view text, std::size_t at) const;

  struct Form {
    std::string text;
    int secrets = 1;  // that have it
  };
  std::unordered_map<std::uint64_t, std::vector<Form>> forms_;  // by their first kShortest bytes
  std::unordered_map<std::string, int> known_;                  // how often each was added
};

}  // namespace lepton_operator::base
