#include "reconcile/key_file.h"

#include "base/files.h"
#include "base/yaml.h"
#include "reconcile/token_key.h"

namespace lepton_operator::reconcile {

using base::Error;
using base::ErrorKind;
using base::Json;
using base::Result;

Result<std::unique_ptr<KeyFile>> KeyFile::open(const std::filesystem::path& path, base::Random& random) {
  auto file = std::make_unique<KeyFile>();
  const Result<std::string> text = base::read_file(path);
  if (!text && text.error().kind != ErrorKind::kNotFound) return text.error();
  if (!text) {
    Json empty = base::json_object();
    const Result<> written = file->add_key(path, std::move(empty), random);
    if (!written) return written.error();
    return file;
  }
  const auto documents = base::parse_yaml(*text, path.string());
  if (!documents) return documents.error();
  const Json root = documents->empty() ? Json() : documents->front().value;
  file->current_ = base::get_string(root, "current").value_or("");
  for (const auto& [id, hex] : base::get_object(root, "keys").as_object()) {
    const auto bytes = hex.is_string() ? token_key_bytes(hex.as_string()) : std::nullopt;
    if (!bytes || token_key_id(*bytes) != id) return Error{ErrorKind::kInvalid, "the key \"" + id + "\" is damaged", path.string()};
    file->keys_.emplace(id, *bytes);
  }
  if (file->current_ == kRotate) {
    const Result<> written = file->add_key(path, root, random);
    if (!written) return written.error();
    return file;
  }
  if (!file->keys_.contains(file->current_)) {
    return Error{ErrorKind::kInvalid, "there is no current token key in it; restore the file from where it was", path.string()};
  }
  return file;
}

// Makes a key, current from now on, beside those that the file holds.
Result<> KeyFile::add_key(const std::filesystem::path& path, Json root, base::Random& random) {
  TokenKey fresh = new_token_key(random);
  root["current"] = Json::string(fresh.id);
  if (!root.has_object_field("keys")) root["keys"] = base::json_object();
  root["keys"][fresh.id] = Json::string(fresh.hex);
  current_ = fresh.id;
  keys_.emplace(fresh.id, std::move(fresh.bytes));
  return base::write_file_atomically(path, base::to_yaml(root), 0600);
}

std::optional<std::string> KeyFile::key(const std::string& id) const {
  const auto known = keys_.find(id);
  if (known == keys_.end()) return std::nullopt;
  return known->second;
}

}  // namespace lepton_operator::reconcile
