// What the answer to a write shows. It repeats the whole object, of which all but the metadata is known most often: the status is what was
// sent or, after a write of a finalizer, what was read; the spec is the one that was read while its generation is. What is known is not
// parsed, and not copied; where the answer says anything else it is read like any other.
//
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "invocation/object.h"

namespace lepton_operator::store {

template <class Status>
struct SentStatus {
  Status status;
  std::string text;  // as it went out, with its revision
  std::int64_t revision = 0;
};

// `answer`: without what the object repeats of itself (kube/repetition.h). `sent`: nothing when the write was of metadata.
base::Result<invocation::Invocation> written(const invocation::Invocation& read,
                                             const std::optional<SentStatus<invocation::InvocationStatus>>& sent, std::string_view answer);
base::Result<invocation::Workspace> written(const invocation::Workspace& read,
                                            const std::optional<SentStatus<invocation::WorkspaceStatus>>& sent, std::string_view answer);

}  // namespace lepton_operator::store
