#include "reconcile/key_file.h"

#include "base/files.h"
#include "base/hash.h"
#include "base/yaml.h"

namespace lepton_operator::reconcile {

using base::Error;
using base::ErrorKind;
using base::Json;
using base::Result;

namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kIdDigits = 8;

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::optional<std::string> bytes_of(const std::string& hex) {
  if (hex.size() != 2 * kKeyBytes) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = digit(hex[i]);
    const int low = digit(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

std::string id_of(const std::string& bytes) { return base::sha256_hex(bytes).substr(0, kIdDigits); }

}  // namespace

Result<std::unique_ptr<KeyFile>> KeyFile::open(const std::filesystem::path& path, base::Random& random) {
  auto file = std::make_unique<KeyFile>();
  const Result<std::string> text = base::read_file(path);
  if (!text && text.error().kind != ErrorKind::kNotFound) return text.error();
  if (!text) {
    const std::string hex = random.hex(kKeyBytes);
    const std::string bytes = bytes_of(hex).value_or("");
    file->current_ = id_of(bytes);
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
    const auto bytes = hex.is_string() ? bytes_of(hex.as_string()) : std::nullopt;
    if (!bytes || id_of(*bytes) != id) return Error{ErrorKind::kInvalid, "the key \"" + id + "\" is damaged", path.string()};
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
