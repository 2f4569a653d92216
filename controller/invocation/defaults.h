// Built-in defaults and how they, a Workspace's and an Invocation's own fields lie over each other. Pure.
#pragma once

#include "base/json.h"
#include "invocation/codec.h"
#include "invocation/spec.h"

namespace lepton_operator::invocation {

// {deployment, execution, storage} of this version. Frozen into status.resolved, so that an upgrade changes nothing that runs (rule 11).
const base::Json& built_in_defaults();

// The Workspace's `spec.defaults` over the built-in ones.
base::Json resolved_defaults(const base::Json& workspace_defaults);

// The Invocation's spec over resolved defaults. `deployment` defaults are left out for type none.
base::Json effective_spec(const base::Json& spec, const base::Json& resolved_defaults);

// {storage} of it alone; a spec that is no object stays what it is.
base::Json effective_storage(const base::Json& spec, const base::Json& resolved_defaults);

// URL path of an endpoint type: /v1/chat/completions for chat and vlm, ... Nothing for a type that has none.
std::optional<std::string> default_path(const std::string& endpoint_type);

}  // namespace lepton_operator::invocation
