// Specs and status between JSON and types.
//
// Decoding a spec is also its check against the schema: every unknown field, wrong type, missing or out-of-bounds value is a FieldError
// with its path ("spec.evaluation.tasks[1].name") and a sentence that says what to write instead. Status is ours: decoding it is lenient,
// so that an older or newer operator's status never stops us. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "invocation/object.h"
#include "invocation/spec.h"

namespace lepton_operator::invocation {

struct FieldError {
  std::string path;     // "" for the whole object
  std::string message;  // "a nim needs the image that serves it, e.g. ..."
  std::string text() const { return path.empty() ? message : path + ": " + message; }
};

template <class T>
struct Checked {
  T value;
  std::vector<FieldError> errors;
  bool ok() const { return errors.empty(); }
};

// `spec` with the defaults merged in (defaults.h). Checks fields and bounds, not the rules between fields (validation.h).
Checked<InvocationSpec> decode_invocation_spec(const base::Json& spec);
// The section storage of such a spec alone; whatever else it says may be wrong.
Checked<StorageSpec> decode_storage_section(const base::Json& spec);
Checked<WorkspaceSpec> decode_workspace_spec(const base::Json& spec);

base::Json encode(const InvocationStatus& status);
InvocationStatus decode_invocation_status(const base::Json& status);
base::Json encode(const WorkspaceStatus& status);
WorkspaceStatus decode_workspace_status(const base::Json& status);

// The object as the API server would show it: apiVersion, kind, metadata, spec, status.
base::Json encode(const Invocation& object);
base::Json encode(const Workspace& object);
ObjectMeta decode_meta(const base::Json& metadata);
Invocation decode_invocation(const base::Json& object);
Workspace decode_workspace(const base::Json& object);

}  // namespace lepton_operator::invocation
