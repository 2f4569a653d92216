// Takes a fuzzer's bytes apart into choices and texts, so that an input becomes a value of a domain type. What is used up reads as zeros.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.h"

namespace lepton_operator::fuzz {

class Bytes {
 public:
  explicit Bytes(std::string_view input) : rest_(input) {}

  bool empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  bool flag() { return (byte() & 1) != 0; }
  int below(int bound) { return byte() % bound; }

  // Up to 255 bytes, as UTF-8: manifests and answers hold no other.
  std::string text() {
    const std::size_t size = std::min<std::size_t>(byte(), rest_.size());
    std::string taken(rest_.substr(0, size));
    rest_.remove_prefix(size);
    while (const auto bad = base::invalid_utf8(taken)) taken[*bad] = '?';
    return taken;
  }
  std::vector<std::string> texts(int most) {
    std::vector<std::string> all(static_cast<std::size_t>(below(most + 1)));
    for (std::string& one : all) one = text();
    return all;
  }
  // One of letters, digits and "._-", never empty: what a name may hold.
  std::string word() {
    static constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    std::string made;
    for (int i = 1 + below(12); i > 0; --i) made += kLetters[byte() % kLetters.size()];
    return made;
  }

 private:
  std::string_view rest_;
};

}  // namespace lepton_operator::fuzz
