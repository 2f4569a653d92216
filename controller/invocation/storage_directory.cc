#include <algorithm>

#include "invocation/patterns.h"
#include "invocation/rendering.h"

namespace lepton_operator::invocation {

std::optional<StorageDirectory> StorageDirectory::make(const std::string& storage_path, const std::string& invocation_id) {
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (invocation_id.size() != 16 || !std::all_of(invocation_id.begin(), invocation_id.end(), is_hex)) return std::nullopt;
  if (!patterns::is_clean_absolute_path(storage_path)) return std::nullopt;
  const bool trailing = storage_path.back() == '/';
  return StorageDirectory(trailing ? storage_path.substr(0, storage_path.size() - 1) : storage_path, invocation_id);
}

}  // namespace lepton_operator::invocation
