#include "kube/kubeconfig_section.h"

#include <algorithm>
#include <utility>

#include "base/files.h"
#include "base/hash.h"

namespace lepton_operator::kube {

namespace {

constexpr std::size_t kLargestPem = 1u << 20;

const base::Json& empty_object() {
  static const base::Json empty = base::json_object();
  return empty;
}

// Base64 may be folded in YAML.
std::string without_spaces(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
  return text;
}

}  // namespace

KubeconfigSection::KubeconfigSection(std::shared_ptr<const KubeconfigFile> file, std::string field, const base::Json& value)
    : file_(std::move(file)), field_(std::move(field)), value_(&value) {}

KubeconfigSection KubeconfigSection::section(const std::string& member) const {
  const base::Json* inner = base::find(*value_, member);
  return KubeconfigSection(file_, field_ + "." + member, inner ? *inner : empty_object());
}

bool KubeconfigSection::has(const std::string& member) const {
  const base::Json* value = base::find(*value_, member);
  if (!value || value->is_null()) return false;
  if (value->is_string()) return !value->as_string().empty();
  if (value->is_array() || value->is_object()) return value->size() > 0;
  return true;
}

const base::Json* KubeconfigSection::list(const std::string& member) {
  if (!has(member)) return nullptr;
  const base::Json* value = base::find(*value_, member);
  if (value->is_array()) return value;
  fail(member, "must be a list");
  return nullptr;
}

std::optional<std::string> KubeconfigSection::text(const std::string& member) {
  if (!has(member)) return std::nullopt;
  const base::Json* value = base::find(*value_, member);
  if (value->is_string()) return value->as_string();
  fail(member, "must be a string; put it in quotes");
  return std::nullopt;
}

std::optional<std::string> KubeconfigSection::required(const std::string& member) {
  std::optional<std::string> value = text(member);
  if (!value) fail(member, "is missing");
  return value;
}

bool KubeconfigSection::flag(const std::string& member) {
  if (!has(member)) return false;
  const base::Json* value = base::find(*value_, member);
  if (value->is_boolean()) return value->as_bool();
  fail(member, "must be true or false");
  return false;
}

std::optional<std::filesystem::path> KubeconfigSection::path(const std::string& member) {
  const std::optional<std::string> value = text(member);
  if (!value) return std::nullopt;
  return resolved(*value);
}

std::optional<std::string> KubeconfigSection::pem(const std::string& member, const std::string& mark) {
  const std::string data_member = member + "-data";
  std::optional<std::string> content;
  if (const auto data = text(data_member)) {
    content = base::base64_decode(without_spaces(*data));
    if (!content) fail(data_member, "is not base64");
    if (content && content->find(mark) == std::string::npos) fail(data_member, "holds no PEM block \"" + mark + "\" in its base64");
    return content;
  }
  const auto file = path(member);
  if (!file) return std::nullopt;
  base::Result<std::string> read = base::read_file(*file, kLargestPem);
  if (!read) {
    fail(member, read.error().text(), read.error().kind);
    return std::nullopt;
  }
  if (read->find(mark) == std::string::npos) fail(member, file->string() + " holds no PEM block \"" + mark + "\"");
  return std::move(read).value();
}

std::filesystem::path KubeconfigSection::resolved(const std::string& path) const {
  const std::filesystem::path given(path);
  return given.is_absolute() ? given : (file_->path.parent_path() / given).lexically_normal();
}

void KubeconfigSection::fail(const std::string& member, std::string what, base::ErrorKind kind) {
  if (!failure_) failure_ = base::Error{kind, std::move(what), place(member)};
}

std::string KubeconfigSection::place(const std::string& member) const {
  const std::string field = member.empty() ? field_ : field_ + "." + member;
  return file_->path.string() + ":" + std::to_string(file_->document.line_of(field)) + ": " + field;
}

}  // namespace lepton_operator::kube
