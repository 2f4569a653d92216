// The copy of a Workspace's credentials that outlives the user's Secret: deletion must be able to authenticate even when the Secret, the
// Workspace or the namespace went first. Kept while an Invocation needs it, no longer.
//
// Thread rule: domain thread only. Owner: app; outlives Workspaces. Values are secrets: never logged.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "invocation/object.h"
#include "lepton/credentials.h"

namespace lepton_operator::reconcile {

class CredentialsSnapshot {
 public:
  virtual ~CredentialsSnapshot() = default;
  virtual base::Result<> save(const invocation::ObjectKey& workspace, const lepton::Credentials& credentials) = 0;
  virtual std::optional<lepton::Credentials> load(const invocation::ObjectKey& workspace) const = 0;
  // Those that are of no use, and must not be used, unless an Invocation with our finalizer is there that refers to the workspace.
  virtual std::vector<invocation::ObjectKey> disposable() const = 0;
  virtual base::Result<> remove(const invocation::ObjectKey& workspace) = 0;  // absent is success
};

}  // namespace lepton_operator::reconcile
