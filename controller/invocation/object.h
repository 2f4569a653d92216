// The two objects that users write, as the store hands them out: identity, what was written (raw), what we recorded (typed).
//
// The spec stays raw JSON because it is merged with defaults before it is decoded (defaults.h). Plain values; handed around as
// shared_ptr<const>, never changed in place.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/shared_json.h"
#include "base/time.h"
#include "invocation/status.h"

namespace lepton_operator::invocation {

struct ObjectKey {
  std::string namespace_;
  std::string name;

  auto operator<=>(const ObjectKey&) const = default;
  std::string text() const { return namespace_ + "/" + name; }
};

struct ObjectMeta {
  ObjectKey key;
  std::string uid;
  std::int64_t generation = 1;
  std::string resource_version;
  std::optional<base::Timestamp> created;
  std::optional<base::Timestamp> deleted;  // deletionTimestamp
  std::vector<std::string> finalizers;
  std::map<std::string, std::string> annotations;

  bool has_finalizer(const std::string& name) const;
  std::string annotation(const std::string& name) const;  // empty when it is not there
};

inline constexpr const char* kApiVersion = "lepton.dev/v1alpha1";
inline constexpr const char* kCleanupFinalizer = "lepton.dev/cleanup";
inline constexpr const char* kAbandonAnnotation = "lepton.dev/abandon";
// Another value than the last: try again now what waits after a failure, and look at Lepton now.
inline constexpr const char* kReconcileAnnotation = "lepton.dev/reconcile-requested-at";

// Of a status where others can write it too: what its store needs to know beside its meaning.
struct StatusMark {
  bool present = false;                  // there is one at all
  std::optional<std::int64_t> revision;  // status.revision: how often the operator wrote it
  std::size_t print = 0;                 // a hash of all that stands there
  bool altered = false;                  // somebody else changed it since this process wrote it last
};

struct Invocation {
  ObjectMeta meta;
  base::SharedJson spec;
  InvocationStatus status;
  StatusMark mark = {};
};

struct Workspace {
  ObjectMeta meta;
  base::SharedJson spec;
  WorkspaceStatus status;
  StatusMark mark = {};
};

}  // namespace lepton_operator::invocation
