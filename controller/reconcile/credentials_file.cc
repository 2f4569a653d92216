#include "reconcile/credentials_file.h"

#include "base/files.h"
#include "base/yaml.h"
#include "reconcile/credentials_codec.h"

namespace lepton_operator::reconcile {

using base::Error;
using base::ErrorKind;
using base::Json;
using base::Result;

Result<std::unique_ptr<CredentialsFile>> CredentialsFile::open(std::filesystem::path path) {
  std::unique_ptr<CredentialsFile> file(new CredentialsFile(std::move(path)));
  const Result<std::string> text = base::read_file(file->path_);
  if (!text && text.error().kind == ErrorKind::kNotFound) return file;
  if (!text) return text.error();
  const auto documents = base::parse_yaml(*text, file->path_.string());
  if (!documents) return documents.error();
  if (documents->empty()) return file;
  const Json& root = documents->front().value;
  if (!root.is_object()) return Error{ErrorKind::kInvalid, "not a map of workspaces to credentials", file->path_.string()};
  for (const auto& [workspace, entry] : root.as_object()) {
    auto credentials = decode_credentials(entry);
    if (!credentials) return Error{ErrorKind::kInvalid, "the entry \"" + workspace + "\" is incomplete", file->path_.string()};
    file->kept_.emplace(workspace, std::move(*credentials));
  }
  return file;
}

Result<> CredentialsFile::save(const invocation::ObjectKey& workspace, const lepton::Credentials& credentials) {
  const auto known = kept_.find(workspace.text());
  if (known != kept_.end() && known->second == credentials) return base::Ok{};
  kept_[workspace.text()] = credentials;
  return write();
}

std::optional<lepton::Credentials> CredentialsFile::load(const invocation::ObjectKey& workspace) const {
  const auto known = kept_.find(workspace.text());
  if (known == kept_.end()) return std::nullopt;
  return known->second;
}

Result<> CredentialsFile::remove(const invocation::ObjectKey& workspace) {
  if (kept_.erase(workspace.text()) == 0) return base::Ok{};
  return write();
}

Result<> CredentialsFile::write() const {
  if (kept_.empty()) return base::remove_file(path_);
  Json root = base::json_object();
  for (const auto& [workspace, credentials] : kept_) root[workspace] = encode_credentials(credentials);
  return base::write_file_atomically(path_, base::to_yaml(root), 0600);
}

}  // namespace lepton_operator::reconcile
