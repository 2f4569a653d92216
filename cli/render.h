// What the operator would send to Lepton for these manifests, as text: no cluster, no credentials, no secrets.
//
// The requests come from rehearsal.h, thus from the operator's own planner and renderings; literal secrets of the manifest are hidden
// (redaction.h). Pure. Fails with trouble of wrong usage: the operator would not run it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/rehearsal.h"
#include "store/manifest.h"

namespace lepton_operator::cli {

struct RenderOptions {
  std::optional<std::string> uid = {};         // of the one Invocation, in place of the manifest's
  std::optional<std::string> install_id = {};  // of the operator that will run it
  lepton::ApiFamily family = lepton::ApiFamily::kDeployments;
};

struct RenderedInvocation {
  std::string name;   // "default/llama"
  std::string notes;  // what stands in for what only the cluster or the workspace knows, in lines
  std::vector<MadeRequest> requests;
};

// `documents`: Invocations, and the Workspaces whose defaults lie under them.
Found<std::vector<RenderedInvocation>> render(const std::vector<store::Document>& documents, const invocation::Catalogue& catalogue,
                                              const RenderOptions& options);

// One document a request, with a comment that says where it goes.
std::string as_yaml(const std::vector<RenderedInvocation>& rendered);
// {"requests": [{invocation, method, path, task, body}]}
std::string as_json(const std::vector<RenderedInvocation>& rendered);

}  // namespace lepton_operator::cli
