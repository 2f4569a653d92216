#include "cli/survey.h"

#include <set>
#include <utility>

namespace lepton_operator::cli {

using base::Error;
using base::Json;
using base::Result;
using lepton::GroupOffer;

namespace {

Error not_asked() { return Error{base::ErrorKind::kCancelled, "not asked"}; }

template <class T, class Decode>
Result<T> decoded(const Result<Json>& body, Decode decode) {
  if (!body) return body.error();
  return decode(*body);
}

std::set<ShapeQuestion> questions_of(const Wants& wants, const Result<std::vector<GroupOffer>>& groups) {
  std::set<ShapeQuestion> questions;
  for (const auto& [wanted, who] : wants.shapes) {
    const GroupOffer* group = wanted.group.empty() || !groups ? nullptr : find_group(*groups, wanted.group);
    if (wanted.group.empty() || group != nullptr) questions.emplace(group == nullptr ? "" : group->group.id, wanted.purpose);
  }
  return questions;
}

}  // namespace

const GroupOffer* find_group(const std::vector<GroupOffer>& groups, const std::string& name_or_id) {
  const GroupOffer* found = nullptr;
  for (const GroupOffer& offer : groups) {
    if (offer.group.id == name_or_id) return &offer;
    if (offer.group.name != name_or_id) continue;
    if (found != nullptr) return nullptr;
    found = &offer;
  }
  return found;
}

boost::asio::awaitable<Survey> survey(lepton::Client& client, base::Context context, Wants wants) {
  Survey found{not_asked(), not_asked(), not_asked(), {}, not_asked(), not_asked()};
  using Query = std::vector<std::pair<std::string, std::string>>;
  const Query no_query;
  const Result<Json> workspace = co_await client.read(context, "/workspace", no_query);
  found.workspace = decoded<lepton::WorkspaceRecord>(workspace, lepton::decode_workspace_record);
  if (!found.workspace) co_return found;
  found.token_expires_at = co_await client.token_expiry(context);
  const Result<Json> groups = co_await client.read(context, "/dedicated-node-groups", no_query);
  found.groups = decoded<std::vector<GroupOffer>>(groups, lepton::decode_group_offers);
  const std::set<ShapeQuestion> questions = questions_of(wants, found.groups);
  for (const ShapeQuestion& question : questions) {
    Query query{{"purpose", question.second}};
    if (!question.first.empty()) query.emplace_back("node_groups", question.first);
    const Result<Json> shapes = co_await client.read(context, "/shapes", query);
    found.shapes.emplace(question, decoded<std::vector<std::string>>(shapes, lepton::decode_shape_names));
  }
  const auto secrets = co_await client.list_secrets(context);
  if (secrets) {
    std::vector<std::string> names;
    for (const lepton::Secret& secret : secrets->items) names.push_back(secret.name);
    found.secrets = std::move(names);
  } else {
    found.secrets = secrets.error();
  }
  found.file_systems = co_await client.list_file_systems(context);
  co_return found;
}

}  // namespace lepton_operator::cli
