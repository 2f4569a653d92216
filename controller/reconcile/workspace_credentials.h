// From a Workspace (or none) to credentials, or to the sentence that says why there are none. Reads the store; changes nothing.
//
// Thread rule: domain thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "invocation/world.h"
#include "lepton/credentials.h"
#include "store/object_store.h"

namespace lepton_operator::reconcile {

// Where credentials come from when no Workspace tells: the environment, then the file of `lep login`. Nothing when there is neither.
using FallbackCredentials = std::function<std::optional<base::Result<lepton::Credentials>>()>;

struct ResolvedWorkspace {
  std::optional<lepton::Credentials> credentials;
  bool from_secret = false;
  bool stand_in = false;  // there is no Workspace: they are the fallback's
  // Without credentials: why.
  invocation::WorkspaceState state = invocation::WorkspaceState::kUnknown;
  std::string message;
  bool try_again_soon = false;  // the Secret could not be read just now
  base::Json defaults = base::json_object();
  double requests_per_second = 20;
  double burst = 50;
  std::optional<int> max_endpoints;
  std::optional<int> max_jobs;
};

// Values of a Secret, as they are now.
using ReadSecret = std::function<boost::asio::awaitable<base::Result<std::map<std::string, std::string>>>(base::Context, store::ObjectKey)>;

// `object`: the Workspace of that key, null when there is none.
boost::asio::awaitable<ResolvedWorkspace> resolve_workspace(std::shared_ptr<const invocation::Workspace> object, ReadSecret read_secret,
                                                            base::Context context, store::ObjectKey key, FallbackCredentials fallback);
boost::asio::awaitable<ResolvedWorkspace> resolve_workspace(store::ObjectStore& store, base::Context context, store::ObjectKey key,
                                                            FallbackCredentials fallback);

}  // namespace lepton_operator::reconcile
