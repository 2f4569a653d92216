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
    const std::string hex = random.hex(kTokenKeyBytes);
    const std::string bytes = token_key_bytes(hex).value_or("");
    file->current_ = token_key_id(bytes);
    file->keys_.emplace(file->current_, bytes);
    Json root = base::json_object();
    root["current"] = Json::string(file->current_);
    root["keys"] = base::json_object();
    root["keys"][file->current_] = Json::string(hex);
    const Result<> written = base::write_file_atomically(path, base::to_yaml(root), 0600);
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
  if (!file->keys_.contains(file->current_)) {
    return Error{ErrorKind::kInvalid, "there is no current token key in it; restore the file from where it was", path.string()};
  }
  return file;
}

std::optional<std::string> KeyFile::key(const std::string& id) const {
  const auto known = keys_.find(id);
  if (known == keys_.end()) return std::nullopt;
  return known->second;
}

}  // namespace lepton_operator::reconcile
