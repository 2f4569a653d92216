#include "lepton/labels.h"

#include <stdexcept>

namespace lepton_operator::lepton {
namespace {

// Seven bits a byte, the lowest first; all but the last byte have the eighth set.
void append_length(std::string& packed, std::size_t length) {
  for (; length >= 0x80; length >>= 7) packed += static_cast<char>(0x80 | (length & 0x7f));
  packed += static_cast<char>(length);
}

std::size_t take_length(const char*& at) {
  std::size_t length = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    length |= static_cast<std::size_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return length;
  }
}

Labels::value_type label_at(const char* at) {
  const std::size_t key = take_length(at);
  const std::size_t value = take_length(at);
  return {{at, key}, {at + key, value}};
}

}  // namespace

Labels::value_type Labels::const_iterator::operator*() const { return label_at(at_); }

Labels::const_iterator& Labels::const_iterator::operator++() {
  const value_type label = label_at(at_);
  at_ = label.second.data() + label.second.size();
  return *this;
}

Labels::const_iterator Labels::const_iterator::operator++(int) {
  const const_iterator before = *this;
  ++*this;
  return before;
}

Labels::Labels(std::initializer_list<value_type> labels) {
  for (const auto& [key, value] : labels) set(key, value);
}

std::optional<std::string_view> Labels::find(std::string_view key) const {
  for (const auto& [known, value] : *this) {
    if (known == key) return value;
  }
  return std::nullopt;
}

std::string_view Labels::at(std::string_view key) const {
  const auto value = find(key);
  if (!value) throw std::out_of_range("no label " + std::string(key));
  return *value;
}

void Labels::set(std::string_view key, std::string_view value) {
  Labels with;
  bool done = false;
  for (const value_type& known : *this) {
    if (!done && key <= known.first) {
      with.append({key, value});
      done = true;
    }
    if (known.first != key) with.append(known);
  }
  if (!done) with.append({key, value});
  packed_ = std::move(with.packed_);
}

void Labels::erase(std::string_view key) {
  Labels without;
  for (const value_type& known : *this) {
    if (known.first != key) without.append(known);
  }
  packed_ = std::move(without.packed_);
}

void Labels::retain(const std::set<std::string>& keys) {
  Labels kept;
  for (const value_type& known : *this) {
    if (keys.contains(std::string(known.first))) kept.append(known);
  }
  kept.packed_.shrink_to_fit();
  packed_ = std::move(kept.packed_);
}

void Labels::append(const value_type& label) {
  append_length(packed_, label.first.size());
  append_length(packed_, label.second.size());
  packed_.append(label.first).append(label.second);
}

}  // namespace lepton_operator::lepton
