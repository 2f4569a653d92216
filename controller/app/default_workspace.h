// The Workspace of --default-workspace. A custom resource cannot be installed in the same release as its CRD, so whoever installs the
// operator hands the Workspace to it as configuration, and the operator applies it when it begins to act.
//
// Server-side apply in the operator's own name and without force: what somebody else has set otherwise is theirs, nothing is changed then,
// and that is told once. Never removed again: an Invocation may need it.
//
// Reading is pure; a wrong file is one sentence. Applying: domain thread; goes on until it is applied, refused for good, or the context
// ends.
#pragma once

#include <functional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/log.h"
#include "base/random.h"
#include "invocation/object.h"
#include "kube/api.h"

namespace lepton_operator::app {

struct DefaultWorkspace {
  invocation::ObjectKey key;
  base::Json object;
};

// `source` is how people are shown the file's name.
base::Result<DefaultWorkspace> parse_default_workspace(const std::string& source, const std::string& text);

struct DefaultWorkspaceParts {
  kube::Api& api;
  base::Clock& clock;
  base::Random& random;
  base::Log& log;
  std::function<bool()> may_apply;                         // this process acts, and the CRDs are served
  std::function<void(const std::string& why)> left_alone;  // others have set a field of it
};

boost::asio::awaitable<void> apply_default_workspace(base::Context context, DefaultWorkspace workspace, DefaultWorkspaceParts parts);

}  // namespace lepton_operator::app
