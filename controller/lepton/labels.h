// The labels of an object, each key once, in the order of keys. One piece of memory: of every job that is kept in Lepton the view has them,
// and a map of strings takes three times as much. Plain value, any thread; nothing fails but at().
#pragma once

#include <compare>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace lepton_operator::lepton {

class Labels {
 public:
  using value_type = std::pair<std::string_view, std::string_view>;  // key and value; valid until the labels change

  class const_iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Labels::value_type;
    using difference_type = std::ptrdiff_t;
    using pointer = const value_type*;
    using reference = value_type;

    const_iterator() = default;
    explicit const_iterator(const char* at) : at_(at) {}
    value_type operator*() const;
    const_iterator& operator++();
    const_iterator operator++(int);
    bool operator==(const const_iterator&) const = default;

   private:
    const char* at_ = nullptr;
  };
  using iterator = const_iterator;

  Labels() = default;
  Labels(std::initializer_list<value_type> labels);

  const_iterator begin() const { return const_iterator(packed_.data()); }
  const_iterator end() const { return const_iterator(packed_.data() + packed_.size()); }
  bool empty() const { return packed_.empty(); }
  std::size_t size() const { return static_cast<std::size_t>(std::distance(begin(), end())); }

  std::optional<std::string_view> find(std::string_view key) const;
  bool contains(std::string_view key) const { return find(key).has_value(); }
  std::string_view at(std::string_view key) const;  // throws std::out_of_range
  void set(std::string_view key, std::string_view value);
  void erase(std::string_view key);
  void retain(const std::set<std::string>& keys);  // and no others

  bool operator==(const Labels&) const = default;

 private:
  void append(const value_type& label);

  std::string packed_;  // of each: the lengths of key and value, then both
};

}  // namespace lepton_operator::lepton
