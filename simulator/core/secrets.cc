#include "core/secrets.h"

#include "core/contract.h"
#include "core/routing.h"

namespace lepton_operator::simulator {

using base::Json;

Response Secrets::handle(const Request& request, const std::vector<std::string>& rest) {
  if (auto refusal = refuse_unknown_query(request, {})) return *refusal;
  if (rest.empty()) {
    if (request.method == "GET") return list();
    if (request.method == "POST") return create(request);
    return method_not_allowed(request);
  }
  if (rest.size() > 1) return no_such_route();
  if (request.method != "DELETE") return method_not_allowed(request);
  if (!erase(rest[0])) return error_answer(404, "secret \"" + rest[0] + "\" not found");
  return empty_answer();
}

bool Secrets::erase(const std::string& name) {
  if (secrets_.erase(name) == 0) return false;
  world_.record("secret", name, "present", "deleted");
  world_.count("secrets_deleted");
  return true;
}

Response Secrets::list() const {
  std::vector<Json> items;
  for (const auto& [name, secret] : secrets_) {
    Json item = base::json_object();
    item["name"] = text(name);
    item["tags"] = base::to_json(secret.tags);
    item["owner"] = text("sim-user");
    item["visibility"] = text(secret.visibility);
    items.push_back(std::move(item));
  }
  return json_answer(Json::array(items));
}

Response Secrets::create(const Request& request) {
  auto body = read_json(request);
  if (auto* refusal = std::get_if<Response>(&body)) return *refusal;
  const Json& list = std::get<Json>(body);
  if (auto violation = secrets_body().check(list)) return refused(*violation);
  std::map<std::string, Secret> added;
  for (const Json& item : base::elements(&list)) {
    const std::string name = base::get_string(item, "name").value_or("");
    if (secrets_.contains(name) || added.contains(name)) return error_answer(409, "secret \"" + name + "\" already exists");
    added[name] = {name, base::get_string(item, "value").value_or(""), base::get_strings(item, "tags"),
                   base::get_string(item, "visibility").value_or("public")};
  }
  for (auto& [name, secret] : added) {
    world_.record("secret", name, "", "present");
    world_.count("secrets_created");
    secrets_[name] = std::move(secret);
  }
  return empty_answer();
}

}  // namespace lepton_operator::simulator
