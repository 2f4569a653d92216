// Lepton secrets that endpoints and jobs refer to: intended in status first (so that cleanup knows their names), then made, before use.
#include <algorithm>

#include "invocation/planning.h"

namespace lepton_operator::invocation {
namespace {

SecretStatus& recorded(Planning& p, const std::string& name) {
  auto& secrets = p.status().secrets;
  const auto same = [&](const SecretStatus& known) { return known.name == name; };
  const auto found = std::find_if(secrets.begin(), secrets.end(), same);
  if (found != secrets.end()) return *found;
  SecretStatus added;
  added.name = name;
  secrets.push_back(std::move(added));
  return secrets.back();
}

}  // namespace

void ensure_secrets(Planning& p) {
  for (WantedSecret& wanted : wanted_secrets(p.render_input())) {
    SecretStatus& secret = recorded(p, wanted.name);
    EnsureSecret action{std::move(wanted)};
    if (p.done(action_key(action))) secret.ready = true;
    if (!secret.ready) p.act(std::move(action));
  }
}

bool secrets_ready(Planning& p, const std::vector<std::string>& names) {
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) { return recorded(p, name).ready; });
}

}  // namespace lepton_operator::invocation
