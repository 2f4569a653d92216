// What Workspaces keeps of one workspace. Internal to workspaces*.cc.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/backoff.h"
#include "reconcile/workspaces.h"

namespace lepton_operator::reconcile {

struct Workspaces::Entry {
  Entry(store::ObjectKey of, base::Context until, boost::asio::io_context& io) : key(std::move(of)), context(std::move(until)), again(io) {}

  store::ObjectKey key;
  base::Context context;  // ends with the entry
  base::Signal again;     // something for the keeper to do
  std::map<std::string, lepton::Interest> users;

  invocation::WorkspaceState state = invocation::WorkspaceState::kUnknown;
  std::string message = "not asked yet";
  base::Json defaults = base::json_object();
  std::optional<int> max_endpoints;
  std::optional<int> max_jobs;
  std::string workspace_name;
  std::string api_family;

  bool read_credentials = true;  // at once, not only when it is time
  base::Timestamp read_again_at{};
  bool from_secret = false;
  double requests_per_second = 0;
  double burst = 0;
  std::shared_ptr<Connection> connection;

  bool proven = false;  // GET /workspace answered on this connection
  base::Timestamp probe_at{};
  base::Timestamp family_at{};  // when proven: GET /workspace once more
  base::Backoff probe_backoff{std::chrono::seconds(1), std::chrono::seconds(60)};
  std::optional<base::Context> observing;
  int failed_looks = 0;
  std::optional<base::Timestamp> publish_again_at;

  base::Timestamp ask_token_at{};  // GET /tokens
  bool token_asked = false;        // and answered, of this connection's token
  std::optional<base::Timestamp> token_expires_at;
  std::string told_of_token;  // the condition's reason that people were told of last
};

}  // namespace lepton_operator::reconcile
