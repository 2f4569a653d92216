// What becomes of requests, well or not.
#include <algorithm>

#include "lepton/codec.h"
#include "model/rules.h"
#include "model/turn.h"

namespace lepton_operator::invocation::model {
namespace {

using base::ErrorKind;
using std::chrono::seconds;

constexpr seconds kLongestRetry{300};

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

// What it makes is seen by looks.
bool is_listed(const Action& action) { return std::holds_alternative<CreateEndpoint>(action) || std::holds_alternative<CreateJob>(action); }

// An endpoint that follows a secret is sent once that was made, unless it could not be, or its Invocation is being deleted by then; whether
// it left before that nobody can tell.
enum class Sending { kNow, kLater, kNever, kPerhaps };

Sending sending_of(const State& state, const Action& action) {
  const auto* creation = std::get_if<CreateEndpoint>(&action);
  if (creation == nullptr || creation->after.empty()) return Sending::kNow;
  for (const std::string& name : creation->after) {
    const auto made = state.memory.outcomes.find("ensure-secret " + name);
    if (made == state.memory.outcomes.end()) return Sending::kNever;
    if (made->second.in_flight) return Sending::kLater;
    if (made->second.error) return Sending::kNever;
  }
  return state.deleted ? Sending::kPerhaps : Sending::kNow;
}

}  // namespace

std::optional<base::Error> Model::take_effect(State& state, const Action& action, Memory* answered, bool shows_late) {
  Memory ignored;
  Memory& memory = answered != nullptr ? *answered : ignored;
  AbstractWorkspace& lepton = state.lepton;
  const Timestamp now = state.now;
  const std::optional<Timestamp> shows_after = shows_late ? std::optional(now + kSettling) : std::nullopt;
  const auto refused = [](bool done) {
    return done ? std::nullopt : std::optional(base::Error{ErrorKind::kInvalid, "lepton answered 400"});
  };
  return std::visit(Overloaded{
                        [&](const CreateEndpoint& a) {
                          if (lepton.create_endpoint(a.endpoint.spec.name))
                            lepton.find_endpoint(a.endpoint.spec.name)->shows_after = shows_after;
                          return refused(true);  // 409: it is there
                        },
                        [&](const StartEndpoint& a) { return refused(lepton.scale_endpoint(a.name, true)); },
                        [&](const UpdateEndpoint& a) {
                          const bool scaled =
                              std::find(a.fields.begin(), a.fields.end(), lepton::EndpointField::kReplicas) != a.fields.end();
                          if (scaled) lepton.scale_endpoint(a.endpoint.spec.name, true);
                          return refused(lepton.edit_endpoint(a.endpoint.spec.name, true));
                        },
                        [&](const DeleteEndpoint& a) {
                          lepton.delete_endpoint(a.name);
                          return refused(true);  // 404: it is not there
                        },
                        [&](const DiagnoseEndpoint& a) {
                          memory.diagnoses[a.name] = "because";
                          return refused(true);
                        },
                        [&](const ExplainEndpoint& a) {
                          memory.explanations[a.name] = {now, lepton::EndpointTrouble::kNone, ""};
                          return refused(true);
                        },
                        [&](const CreateJob& a) {
                          const std::string id = lepton.create_job(a.job.name, a.task).id;
                          lepton.find_job(id)->shows_after = shows_after;
                          memory.created[a.job.name] = shown(*lepton.find_job(id));
                          return refused(true);
                        },
                        [&](const ReadJob& a) {
                          const AbstractJob* job = lepton.find_job(a.id);
                          memory.reads[a.id] = {now, job == nullptr ? std::nullopt : std::optional(shown(*job))};
                          return refused(true);
                        },
                        [&](const ReadStage& a) {
                          memory.stages[a.id] = {};
                          return refused(true);
                        },
                        [&](const StopJob& a) { return refused(lepton.find_job(a.id) == nullptr || lepton.stop_job(a.id)); },
                        [&](const DeleteJob& a) {
                          lepton.delete_job(a.id);
                          return refused(true);
                        },
                        [&](const EnsureSecret& a) {
                          lepton.create_secret(a.secret.name);
                          return refused(true);
                        },
                        [&](const DeleteSecrets& a) {
                          for (const std::string& name : a.names) lepton.delete_secret(name);
                          memory.secrets_absent = true;
                          return refused(true);
                        },
                        [&](const ProbeStorage& a) {
                          memory.storage_probe.emplace();
                          memory.storage_probe->path = a.directory.path();
                          memory.storage_probe->seen = scenario_.storage_api && lepton.directory;
                          if (memory.storage_probe->seen) memory.storage_probe->file_system = a.file_systems.front();
                          return refused(true);
                        },
                        [&](const RemoveDirectory&) {
                          lepton.directory = false;
                          memory.directory_removed = true;
                          return refused(true);
                        },
                        [&](const ReadNodeGroups&) { return refused(true); },
                        [&](const ReadSecretKeys& a) {
                          for (const SecretKeyRef& key : a.keys) memory.secret_keys[key] = SecretKeyState::kPresent;
                          return refused(true);
                        },
                    },
                    action);
}

void Model::answer(State& state, const Action& action, const std::optional<base::Error>& error) {
  Outcome& outcome = state.memory.outcomes[action_key(action)];
  outcome.in_flight = false;
  outcome.error = error;
  outcome.failures = error ? outcome.failures + 1 : 0;
  outcome.retry_at = error ? state.now + std::min(kLongestRetry, seconds(1 << std::min(outcome.failures - 1, 9))) : Timestamp{};
  if (const std::string object = written_object(action); !object.empty()) state.memory.writes[object] = state.now;
}

void Model::requests(Turn& turn) {
  for (std::size_t i = 0; i < turn.from.requests.size(); ++i) {
    const Request& request = turn.from.requests[i];
    const auto cut = [i](State& state) { state.requests.erase(state.requests.begin() + static_cast<std::ptrdiff_t>(i)); };
    switch (request.fate) {
      case Fate::kOrphan: orphan(turn, i); break;
      case Fate::kAnswered: {
        if (scenario_.one_by_one && turn.urgent) break;
        Next& next = turn.add(Kind::kProgress, request.key + " is answered");
        answer(next.state, *request.action, std::nullopt);
        cut(next.state);
        break;
      }
      case Fate::kOpen: {
        const Sending sending = sending_of(turn.from, *request.action);
        if (sending == Sending::kLater) break;
        if (sending != Sending::kNow && !(scenario_.one_by_one && turn.urgent)) {
          Next& next = turn.add(Kind::kProgress, request.key + ": not sent");
          answer(next.state, *request.action, base::Error{ErrorKind::kCancelled, "not sent"});
          cut(next.state);
        }
        if (sending == Sending::kNever) break;
        if (is_change(*request.action)) request_faults(turn, i);
        if (scenario_.one_by_one && turn.urgent) break;
        Next& next = turn.add(Kind::kProgress, request.key + ": done");
        const auto error = take_effect(next.state, *request.action, &next.state.memory, false);
        answer(next.state, *request.action, error);
        cut(next.state);
        check_workspace(next.state, task_of_, next.broken);
        break;
      }
    }
  }
}

void Model::request_faults(Turn& turn, std::size_t index) {
  const std::shared_ptr<const Action> action = turn.from.requests[index].action;
  const std::string key = turn.from.requests[index].key;
  const auto cut = [index](State& state) { state.requests.erase(state.requests.begin() + static_cast<std::ptrdiff_t>(index)); };
  const base::Error lost{ErrorKind::kInterrupted, "no answer"};
  for (const int late : {0, 1}) {
    if (late == 1 && !is_listed(*action)) continue;
    const std::string shows = late == 1 ? ", shown 10 s late" : "";
    if (turn.affords(1 + late)) {
      Next& next = turn.add(Kind::kFault, key + ": done" + shows + ", and its answer is lost", 1 + late);
      take_effect(next.state, *action, nullptr, late == 1);
      answer(next.state, *action, lost);
      cut(next.state);
      check_workspace(next.state, task_of_, next.broken);
    }
    if (late == 1 && turn.affords(1)) {
      Next& next = turn.add(Kind::kFault, key + ": done" + shows, 1);
      answer(next.state, *action, take_effect(next.state, *action, &next.state.memory, true));
      cut(next.state);
      check_workspace(next.state, task_of_, next.broken);
    }
  }
  if (!turn.affords(1)) return;
  {
    Next& next = turn.add(Kind::kFault, key + ": lost on its way, no answer", 1);
    answer(next.state, *action, lost);
    cut(next.state);
  }
  {
    Next& next = turn.add(Kind::kFault, key + ": refused (429)", 1);
    answer(next.state, *action, base::Error{ErrorKind::kThrottled, "lepton answered 429"});
    cut(next.state);
  }
  if (is_creation(*action)) {
    Next& next = turn.add(Kind::kFault, key + ": no answer, and it is still on its way", 1);
    answer(next.state, *action, lost);
    next.state.requests[index].fate = Fate::kOrphan;
  }
  Next& next = turn.add(Kind::kFault, key + ": done, its answer takes a while", 1);
  take_effect(next.state, *action, &next.state.memory, false);
  next.state.requests[index].fate = Fate::kAnswered;
  check_workspace(next.state, task_of_, next.broken);
}

void Model::orphan(Turn& turn, std::size_t index) {
  const std::shared_ptr<const Action> action = turn.from.requests[index].action;
  for (const bool late : {false, true}) {
    if (late && (!is_listed(*action) || !turn.affords(1))) continue;
    // That it takes effect is no progress: it may as well never do.
    Next& next = turn.add(late ? Kind::kFault : Kind::kUser,
                          turn.from.requests[index].key + " takes effect late" + (late ? ", and shows 10 s later" : ""), late ? 1 : 0);
    take_effect(next.state, *action, nullptr, late);
    next.state.requests.erase(next.state.requests.begin() + static_cast<std::ptrdiff_t>(index));
    check_workspace(next.state, task_of_, next.broken);
  }
}

void Model::lepton_steps(Turn& turn) {
  for (const AbstractWorkspace::Step& step : turn.from.lepton.steps()) {
    if (step.unlucky && !turn.affords(1)) continue;
    AbstractWorkspace after = turn.from.lepton;
    const std::string told = after.take(step);
    Next& next = turn.add(step.unlucky ? Kind::kFault : Kind::kInevitable, "lepton: " + told, step.unlucky ? 1 : 0);
    turn.urgent = turn.urgent || !step.unlucky;
    next.state.lepton = std::move(after);
    for (const AbstractEndpoint& one : next.state.lepton.endpoints) {
      if (one.state == lepton::EndpointState::kReady) next.state.ever_ready.insert(one.name);
    }
    check_workspace(next.state, task_of_, next.broken);
  }
}

}  // namespace lepton_operator::invocation::model
