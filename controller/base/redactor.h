// Takes secrets out of text that others may read: values given to it, as they are and in the forms that answers and logs give them (inside
// of a JSON string, percent-encoded, and in Base64 of either alphabet, wherever in the encoded text they stand).
//
// One pass over the text, however many secrets there are. Thousands may be known and hardly one is ever met, so that of a form no more is
// kept than how it begins and a print: its text is made again where both are found. Not synchronised: its owner's thread. Never fails; what
// is shorter than kShortest is not taken, since it would blot out ordinary words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace lepton_operator::base {

class Redactor {
 public:
  static constexpr std::size_t kShortest = 8;

  Redactor() = default;
  Redactor(const Redactor&) = delete;
  Redactor& operator=(const Redactor&) = delete;

  // Each takes one remove() back; what was added more often stays until the last. False: too short, or known already.
  bool add(const std::string& secret);
  void remove(const std::string& secret);

  std::string clean(std::string_view text) const;  // each occurrence as "***", overlapping ones as one
  bool found_in(std::string_view text) const;

 private:
  // Where the longest form that begins at `at` ends; `at` when none does.
  std::size_t match(std::string_view text, std::size_t at) const;

  struct Form {
    const std::string* secret;
    std::uint32_t size;
    std::uint32_t print;  // of its text

    bool operator==(const Form&) const = default;
  };
  std::unordered_map<std::string, int> known_;          // how often each was added
  std::unordered_multimap<std::uint64_t, Form> forms_;  // by their first kShortest bytes
};

}  // namespace lepton_operator::base
