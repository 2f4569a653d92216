// What a workspace answers to everything that a check asks, each answer with its own failure. Reads only, about ten requests.
//
// Thread rule: main thread. The client outlives the coroutine. Nothing is retried: what fails is a finding.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "cli/wants.h"
#include "lepton/client.h"
#include "lepton/inventory.h"

namespace lepton_operator::cli {

// A node group's id (empty: none) and "deployment" or "job".
using ShapeQuestion = std::pair<std::string, std::string>;

struct Survey {
  base::Result<lepton::WorkspaceRecord> workspace;  // with an error here nothing else was asked
  base::Result<std::optional<base::Timestamp>> token_expires_at;
  base::Result<std::vector<lepton::GroupOffer>> groups;
  std::map<ShapeQuestion, base::Result<std::vector<std::string>>> shapes;
  base::Result<std::vector<std::string>> secrets;
  base::Result<std::vector<std::string>> file_systems;
};

boost::asio::awaitable<Survey> survey(lepton::Client& client, base::Context context, Wants wants);

// The group that a name or an id means; nothing when there is none, or more than one of that name.
const lepton::GroupOffer* find_group(const std::vector<lepton::GroupOffer>& groups, const std::string& name_or_id);

}  // namespace lepton_operator::cli
