// From the Workspace that an Invocation names to a client that Lepton answers: its credentials, found as the operator finds them.
//
// Thread rule: main thread. The session and the backend outlive what is handed out. Trouble says what to write, and never holds a secret.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/random.h"
#include "cli/backend.h"
#include "lepton/client.h"
#include "reconcile/workspace_credentials.h"

namespace lepton_operator::cli {

// The name in spec.workspaceRef; "default" without.
ObjectKey workspace_of(const Json& invocation);

// What the Workspace object says, its Secret, and, in a directory, the environment and the file of `lep login`.
Answer<reconcile::ResolvedWorkspace> resolve(Session& session, Backend& backend, Context context, ObjectKey workspace);

struct LeptonAccess {
  lepton::Credentials credentials;
  std::unique_ptr<base::Random> random;
  std::unique_ptr<lepton::Client> client;
};

Found<LeptonAccess> access_with(Session& session, const lepton::Credentials& credentials);

// Both in one.
boost::asio::awaitable<Found<LeptonAccess>> lepton_of(Session& session, Backend& backend, Context context, ObjectKey workspace);

}  // namespace lepton_operator::cli
