// The credentials snapshot of the directory mode: one YAML file, STATE/credentials, mode 0600, replaced atomically.
//
// Thread rule: domain thread only. Fails (open) when there is a file that cannot be read or is not of this shape.
#pragma once

#include <filesystem>
#include <map>
#include <memory>

#include "reconcile/credentials_snapshot.h"

namespace lepton_operator::reconcile {

class CredentialsFile final : public CredentialsSnapshot {
 public:
  static base::Result<std::unique_ptr<CredentialsFile>> open(std::filesystem::path path);

  base::Result<> save(const invocation::ObjectKey& workspace, const lepton::Credentials& credentials) override;
  std::optional<lepton::Credentials> load(const invocation::ObjectKey& workspace) const override;
  // None: a state file that cannot be read at present may need any of them, and a directory has one user.
  std::vector<invocation::ObjectKey> disposable() const override { return {}; }
  base::Result<> remove(const invocation::ObjectKey& workspace) override;

 private:
  explicit CredentialsFile(std::filesystem::path path) : path_(std::move(path)) {}
  base::Result<> write() const;

  std::filesystem::path path_;
  std::map<std::string, lepton::Credentials> kept_;  // by namespace/name
};

}  // namespace lepton_operator::reconcile
