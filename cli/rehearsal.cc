#include "cli/rehearsal.h"

#include <optional>
#include <utility>

#include "base/strings.h"
#include "cli/redaction.h"
#include "invocation/codec.h"
#include "invocation/defaults.h"
#include "invocation/plan.h"
#include "lepton/codec.h"
#include "reconcile/secret_request.h"

namespace lepton_operator::cli {

namespace {

using base::Json;
using base::Timestamp;
using invocation::ConditionStatus;

constexpr std::chrono::minutes kRound{1};  // long enough that no creation is uncertain in the next one
constexpr int kMostQuietRounds = 3;

// Lepton as it would be if all that is asked for were there at once, and ended well.
class ReadyLepton {
 public:
  explicit ReadyLepton(const Rehearsal& rehearsal) : rehearsal_(rehearsal), object_(rehearsal.invocation) {
    object_.status = {};
    object_.meta.deleted.reset();
    facts_.state = invocation::WorkspaceState::kReady;
    facts_.id = "workspace";
    facts_.url = "https://workspace.example";
    facts_.defaults = rehearsal.workspace_defaults;
    facts_.token_key_id = "key";
    view_.family = rehearsal.family;
    memory_.since = now_;
  }

  Found<std::vector<MadeRequest>> play() {
    for (int quiet = 0; quiet < kMostQuietRounds;) {
      const std::size_t before = requests_.size();
      invocation::Plan plan = next();
      object_.status = std::move(plan.status);
      if (plan.finalizer == invocation::FinalizerChange::kAdd) object_.meta.finalizers.emplace_back(invocation::kCleanupFinalizer);
      for (invocation::Action& action : plan.actions) carry_out(action);
      if (invocation::finished(object_.status.phase)) return std::move(requests_);
      quiet = plan.actions.empty() && before == requests_.size() ? quiet + 1 : 0;
    }
    return why_not();
  }

 private:
  invocation::Plan next() {
    now_ += kRound;
    for (lepton::Looks* looks : {&view_.endpoint_looks, &view_.other_endpoint_looks, &view_.job_looks, &view_.archive_looks}) {
      looks->before_last = looks->last;
      looks->last = now_ - kRound / 2;
    }
    return invocation::plan({object_, facts_, view_, memory_, rehearsal_.catalogue, rehearsal_.install_id, now_});
  }

  void carry_out(const invocation::Action& action) {
    invocation::Outcome outcome;
    outcome.began = now_;
    memory_.outcomes[invocation::action_key(action)] = outcome;
    if (const std::string written = invocation::written_object(action); !written.empty()) memory_.writes[written] = now_;
    std::visit([this](const auto& one) { did(one); }, action);
  }

  template <class Action>
  void did(const Action&) {}  // of what makes nothing, that it was done is all there is to know

  void did(const invocation::EnsureSecret& action) {
    const lepton::NewSecret secret = reconcile::secret_request(rehearsal_.install_id, object_.meta, action.secret, kHidden);
    requests_.push_back({"/usersecrets", "", lepton::encode(std::vector<lepton::NewSecret>{secret})});
  }

  void did(const invocation::CreateEndpoint& action) {
    lepton::EndpointSpec spec = action.endpoint.spec;
    for (const invocation::SecretSource& source : action.endpoint.api_tokens) {
      lepton::ApiToken token;
      if (const auto* named = std::get_if<invocation::LeptonToken>(&source)) {
        token.token_name = named->name;
      } else {
        token.value = kHidden;
      }
      spec.api_tokens.push_back(std::move(token));
    }
    requests_.push_back({std::string("/") + lepton::to_string(action.family), action.task, lepton::encode(spec, action.family)});
    lepton::SeenEndpoint& seen = view_.endpoints[spec.name];
    seen.family = action.family;
    seen.endpoint.name = spec.name;
    seen.endpoint.labels = spec.labels;
    seen.endpoint.state = lepton::EndpointState::kReady;
    seen.endpoint.external_url = "https://" + spec.name + kStandInDomain;
  }

  void did(const invocation::DeleteEndpoint& action) { view_.endpoints.erase(action.name); }

  void did(const invocation::CreateJob& action) {
    requests_.push_back({"/jobs", action.task, lepton::encode(action.job)});
    lepton::Job job;
    job.id = action.job.name + "-id";
    job.name = action.job.name;
    job.labels = action.job.labels;
    job.state = lepton::JobState::kCompleted;
    job.succeeded = 1;
    job.created_at = now_;
    job.completed_at = now_;
    memory_.created[job.name] = job;
    view_.jobs[job.name] = {job};
  }

  // Every group that the spec names is there; an id cannot be told from a name, so it is taken for one.
  void did(const invocation::ReadNodeGroups&) {
    const Json effective = invocation::effective_spec(object_.spec, invocation::resolved_defaults(facts_.defaults));
    facts_.node_groups.emplace();
    for (const char* section : {"deployment", "execution"}) {
      if (const auto name = base::get_string(base::get_object(effective, section), "nodeGroup")) {
        (*facts_.node_groups)[kStandInGroup + *name + ">"] = *name;
      }
    }
  }

  void did(const invocation::ReadSecretKeys& action) {
    for (const invocation::SecretKeyRef& key : action.keys) memory_.secret_keys[key] = invocation::SecretKeyState::kPresent;
  }

  Trouble why_not() const {
    for (const invocation::Condition& condition : object_.status.conditions) {
      if (condition.status == ConditionStatus::kFalse && condition.type == "Accepted") return wrong_usage(condition.message);
    }
    return could_not("this Invocation does not come to an end even where everything goes well; it is " +
                     std::string(invocation::to_string(object_.status.phase)));
  }

  const Rehearsal& rehearsal_;
  invocation::Invocation object_;
  invocation::WorkspaceFacts facts_;
  lepton::View view_;
  invocation::Memory memory_;
  Timestamp now_{std::chrono::hours(24 * 365)};
  std::vector<MadeRequest> requests_;
};

}  // namespace

Found<std::vector<MadeRequest>> rehearse(const Rehearsal& rehearsal) { return ReadyLepton(rehearsal).play(); }

}  // namespace lepton_operator::cli
