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

// A request may take effect so long after it began or ended: deletion waits for that (plan_cleanup.cc).
void note_open(SecretStatus& secret, Timestamp sent_before) {
  const Timestamp until = sent_before + kCreateDeadline + kSettling;
  if (!secret.unsettled_until || *secret.unsettled_until < until) secret.unsettled_until = until;
}

void note_uncertainty(Planning& p, SecretStatus& secret, const base::Error& error) {
  const auto ended = p.world.memory.writes.find(secret.name);
  if (error.uncertain() && ended != p.world.memory.writes.end()) note_open(secret, ended->second);
}

// An earlier process may have asked as well; that ours is answered says nothing of its request. Noted before ours is sent.
void note_earlier_process(Planning& p, SecretStatus& secret) {
  if (p.world.memory.met_with_finalizer && !secret.ready) note_open(secret, p.world.memory.since);
}

void fail_waiting_tasks(Planning& p, const std::string& why) {
  for (TaskStatus& task : p.status().tasks) {
    if (task.job.name.empty()) finish_task(p, task, TaskPhase::kFailed, why);
  }
}

}  // namespace

void ensure_secrets(Planning& p) {
  for (WantedSecret& wanted : wanted_secrets(p.render_input())) {
    SecretStatus& secret = recorded(p, wanted.name);
    note_earlier_process(p, secret);
    EnsureSecret action{std::move(wanted)};
    const std::string key = action_key(action);
    // Of our own token, asked for the first time: only Lepton could refuse it.
    if (std::holds_alternative<GeneratedToken>(action.secret.source) && !p.outcome(key)) p.follow.insert(secret.name);
    if (p.done(key)) secret.ready = true;
    if (secret.ready) continue;
    if (const base::Error* error = p.failure(key)) {
      note_uncertainty(p, secret, *error);
      if (error->kind == base::ErrorKind::kInvalid) {
        fail_waiting_tasks(p, "lepton refused the secret " + secret.name + ": " + error->what);
        continue;
      }
    }
    p.act(std::move(action));
  }
}

bool all_secrets_ready(Planning& p) {
  const auto& secrets = p.status().secrets;
  return std::all_of(secrets.begin(), secrets.end(), [](const SecretStatus& secret) { return secret.ready; });
}

std::optional<std::vector<std::string>> secrets_to_follow(Planning& p) {
  std::vector<std::string> names;
  for (const SecretStatus& secret : p.status().secrets) {
    if (secret.ready) continue;
    if (!p.follow.contains(secret.name)) return std::nullopt;
    names.push_back(secret.name);
  }
  return names;
}

std::string secret_problem(Planning& p) {
  for (const SecretStatus& secret : p.status().secrets) {
    const base::Error* error = secret.ready ? nullptr : p.failure(key::ensure_secret(secret.name));
    if (error) return "the Lepton secret " + secret.name + " cannot be made: " + error->what;
  }
  return {};
}

bool secrets_ready(Planning& p, const std::vector<std::string>& names) {
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) { return recorded(p, name).ready; });
}

}  // namespace lepton_operator::invocation
