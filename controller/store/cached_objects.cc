#include "store/cached_objects.h"

#include <algorithm>

#include "base/strings.h"

namespace lepton_operator::store {

namespace {

bool whole_number(const std::string& text) { return !text.empty() && std::all_of(text.begin(), text.end(), base::is_digit); }

}  // namespace

bool older(const std::string& one, const std::string& other) {
  if (!whole_number(one) || !whole_number(other)) return false;
  return one.size() != other.size() ? one.size() < other.size() : one < other;
}

}  // namespace lepton_operator::store
