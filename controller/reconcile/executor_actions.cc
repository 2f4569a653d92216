// What each action is on the wire. `run` has one overload an action; each ends with success only when what was wanted is so.
#include <algorithm>
#include <charconv>

#include "base/strings.h"
#include "reconcile/executor.h"
#include "reconcile/secret_request.h"

namespace lepton_operator::reconcile {

using base::Context;
using base::Error;
using base::ErrorKind;
using base::Ok;
using base::Result;

namespace {

constexpr std::size_t kDiagnosisBytes = 900;
constexpr std::size_t kReasonBytes = 400;

Error not_sent() { return Error{ErrorKind::kCancelled, "not sent: out of time, or the operator is stopping, or another one leads"}; }

// A creation that was intended at some time must have ended 20 s later, however long it waited to be sent (rule 2).
Context until_deadline(const Context& context, base::Timestamp deadline) {
  if (deadline == base::Timestamp{}) return context;
  return context.with_timeout(deadline - context.clock().now());
}

bool none_there(const Error& error) { return error.kind == ErrorKind::kNotFound || error.kind == ErrorKind::kUnsupported; }

// "7" or "7\n"; nothing for anything else.
std::optional<int> whole_number(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  int number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<int> exit_code_of(std::string_view stage) {
  constexpr std::string_view kLead = "exit_code: ";
  return stage.starts_with(kLead) ? whole_number(stage.substr(kLead.size())) : std::nullopt;
}

// It exists already: the next look adopts it by its owner mark, or shows that it is not ours.
Result<> adopted(Result<> answer) {
  if (!answer && answer.error().kind == ErrorKind::kConflict) return Ok{};
  return answer;
}

std::string tail(const std::string& text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t from = text.size() - most;
  while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xC0) == 0x80) ++from;  // never inside of a character
  return text.substr(from);
}

// The reasons, then as many of the last log lines as fit.
std::string diagnosis_text(const std::string& reasons, const std::string& log) {
  const std::string first = base::clipped(reasons, kReasonBytes);
  if (log.empty()) return first;
  const std::string lead = first.empty() ? "last log lines: " : first + "; last log lines: ";
  return lead + tail(log, kDiagnosisBytes - lead.size());
}

}  // namespace

boost::asio::awaitable<Result<std::vector<lepton::ApiToken>>> Executor::tokens(Context context, Errand errand,
                                                                               std::vector<invocation::SecretSource> sources) {
  std::vector<lepton::ApiToken> made;
  for (const invocation::SecretSource& source : sources) {
    lepton::ApiToken token;
    if (const auto* named = std::get_if<invocation::LeptonToken>(&source)) {
      token.token_name = named->name;
    } else {
      Result<std::string> value = co_await vault_.value(context, errand.object, source);
      if (!value) co_return value.error();
      token.value = std::move(value).value();
    }
    made.push_back(std::move(token));
  }
  co_return made;
}

Executor::Done Executor::follow(Context context, Errand errand, const invocation::CreateEndpoint& creation) {
  for (const std::string& name : creation.after) {
    const auto made = [&] { return errand.memory->outcomes.find(invocation::key::ensure_secret(name)); };
    while (made() != errand.memory->outcomes.end() && made()->second.in_flight) {
      const bool told = co_await errand.ended->wait(context);
      if (!told) co_return not_sent();
    }
    if (made() == errand.memory->outcomes.end()) co_return not_sent();
    if (const auto& error = made()->second.error) co_return Error{ErrorKind::kCancelled, "not sent: " + error->what};
  }
  if (wanted_ && !wanted_(*errand.object, creation.endpoint.spec.name)) co_return not_sent();
  co_return Ok{};
}

Executor::Done Executor::run(Context context, Errand errand, invocation::CreateEndpoint action) {
  const Context until = until_deadline(context, action.deadline);
  if (!action.after.empty()) {
    const Result<> ready = co_await follow(until, errand, action);
    if (!ready) co_return ready.error();
  }
  lepton::EndpointSpec spec = std::move(action.endpoint.spec);
  Result<std::vector<lepton::ApiToken>> filled = co_await tokens(context, errand, std::move(action.endpoint.api_tokens));
  if (!filled) co_return filled.error();
  spec.api_tokens = std::move(filled).value();
  if (!may_send(until)) co_return not_sent();
  Result<> answer = co_await errand.connection->client().create_endpoint(until, std::move(spec), action.family);
  co_return adopted(std::move(answer));
}

Executor::Done Executor::run(Context context, Errand errand, invocation::StartEndpoint action) {
  if (!may_send(context)) co_return not_sent();
  lepton::Client& client = errand.connection->client();
  Result<> answer = co_await client.scale_endpoint(context, action.name, action.min_replicas, action.max_replicas, action.family);
  co_return answer;
}

Executor::Done Executor::run(Context context, Errand errand, invocation::UpdateEndpoint action) {
  lepton::EndpointSpec spec = std::move(action.endpoint.spec);
  if (std::find(action.fields.begin(), action.fields.end(), lepton::EndpointField::kApiTokens) != action.fields.end()) {
    Result<std::vector<lepton::ApiToken>> filled = co_await tokens(context, errand, std::move(action.endpoint.api_tokens));
    if (!filled) co_return filled.error();
    spec.api_tokens = std::move(filled).value();
  }
  if (!may_send(context)) co_return not_sent();
  Result<> answer = co_await errand.connection->client().update_endpoint(context, std::move(spec), std::move(action.fields), action.family);
  co_return answer;
}

Executor::Done Executor::run(Context context, Errand errand, invocation::DeleteEndpoint action) {
  if (!may_send(context)) co_return not_sent();
  Result<> answer = co_await errand.connection->client().delete_endpoint(context, action.name, action.family);
  co_return answer;
}

Executor::Done Executor::run(Context context, Errand errand, invocation::DiagnoseEndpoint action) {
  co_await vault_.learn(context, errand.object);
  const auto found = co_await errand.connection->client().explain_endpoint(context, action.name, action.family);
  if (!found) co_return found.error();
  // Cleaned before it is cut: half a secret is a secret too.
  const std::string reasons = vault_.cleaned(base::join(found->reasons, "; "));
  const std::string log = vault_.cleaned(base::join(found->log_lines, " | "));
  errand.memory->diagnoses[action.name] = diagnosis_text(reasons, log);
  co_return Ok{};
}

Executor::Done Executor::run(Context context, Errand errand, invocation::ExplainEndpoint action) {
  co_await vault_.learn(context, errand.object);
  invocation::Explanation explanation;
  explanation.began = clock_.now();
  const auto found = co_await errand.connection->client().why_not_ready(context, action.name, action.family);
  if (!found) co_return found.error();
  explanation.trouble = found->trouble;
  explanation.detail = base::clipped(vault_.cleaned(found->detail), kReasonBytes);
  const std::string log = vault_.cleaned(base::join(found->log_lines, " | "));
  if (!log.empty()) explanation.detail += "; last log lines: " + tail(log, kReasonBytes);
  errand.memory->explanations[action.name] = std::move(explanation);
  co_return Ok{};
}

Executor::Done Executor::run(Context context, Errand errand, invocation::CreateJob action) {
  const Context until = until_deadline(context, action.deadline);
  if (!may_send(until)) co_return not_sent();
  const std::string name = action.job.name;
  Result<lepton::Job> answer = co_await errand.connection->client().create_job(until, std::move(action.job));
  if (!answer) co_return answer.error();
  lepton::Job& created = errand.memory->created[name] = std::move(answer).value();
  created.labels = {};  // ours, and kept for as long as it runs
  co_return Ok{};
}

Executor::Done Executor::run(Context context, Errand errand, invocation::ReadJob action) {
  invocation::JobRead read;
  read.began = clock_.now();
  Result<lepton::Job> answer = co_await errand.connection->client().get_job(context, action.id);
  if (!answer && answer.error().kind != ErrorKind::kNotFound) co_return answer.error();
  if (answer) read.job = std::move(answer).value();
  errand.memory->reads[action.id] = std::move(read);
  co_return Ok{};
}

// A stage file that cannot be had is no answer, unless it is certain that there is none.
Executor::Done Executor::run(Context context, Errand errand, invocation::ReadStage action) {
  invocation::StageRead read;
  for (const std::string& file_system : action.file_systems) {
    const Result<std::string> attempt = co_await errand.connection->client().read_file(context, file_system, action.directory + "/attempt");
    if (!attempt && !none_there(attempt.error())) co_return attempt.error();
    if (!attempt) continue;
    if (whole_number(*attempt) != action.attempt) break;  // this attempt's script never began
    const Result<std::string> stage =
        co_await errand.connection->client().read_file(context, file_system, action.directory + "/stage.exit");
    if (!stage && !none_there(stage.error())) co_return stage.error();
    if (stage) read.exit_code = exit_code_of(*stage);
    break;
  }
  errand.memory->stages[action.id] = read;
  co_return Ok{};
}

Executor::Done Executor::run(Context context, Errand errand, invocation::StopJob action) {
  if (!may_send(context)) co_return not_sent();
  Result<> answer = co_await errand.connection->client().stop_job(context, action.id);
  if (!answer && answer.error().kind == ErrorKind::kNotFound) co_return Ok{};
  co_return answer;
}

Executor::Done Executor::run(Context context, Errand errand, invocation::DeleteJob action) {
  if (!may_send(context)) co_return not_sent();
  Result<> answer = co_await errand.connection->client().delete_job(context, action.id);
  co_return answer;
}

Executor::Done Executor::run(Context context, Errand errand, invocation::EnsureSecret action) {
  Result<std::string> value = co_await vault_.value(context, errand.object, action.secret.source);
  if (!value) co_return value.error();
  if (!may_send(context)) co_return not_sent();
  lepton::NewSecret secret = secret_request(install_id_, errand.object->meta, action.secret, std::move(value).value());
  const std::string name = secret.name;
  Result<> answer = co_await errand.connection->client().create_secret(context, std::move(secret));
  if (answer || answer.error().kind != ErrorKind::kConflict) co_return answer;
  // It exists already, says Lepton. No look shows secrets, so the list has to, before anything is made that needs it.
  const auto listed = co_await errand.connection->secrets().read(context);
  if (!listed) co_return listed.error();
  const lepton::Decoded<lepton::Secret>& there = **listed;
  const auto named = [&name](const lepton::Secret& one) { return one.name == name; };
  if (there.malformed > 0 || std::any_of(there.items.begin(), there.items.end(), named)) co_return Ok{};
  co_return Error{ErrorKind::kServer, "lepton says that the secret " + name + " exists already, but does not list it"};
}

Executor::Done Executor::run(Context context, Errand errand, invocation::DeleteSecrets action) {
  std::optional<Error> failed;
  for (const std::string& name : action.names) {
    if (!may_send(context)) co_return not_sent();
    const Result<> answer = co_await errand.connection->client().delete_secret(context, name);
    if (!answer && !failed) failed = answer.error();  // the others go all the same
  }
  if (failed) co_return *failed;
  const auto listed = co_await errand.connection->secrets().read(context);
  if (!listed) co_return listed.error();
  const lepton::Decoded<lepton::Secret>& left = **listed;
  const auto wanted_gone = [&](const lepton::Secret& secret) {
    return std::find(action.names.begin(), action.names.end(), secret.name) != action.names.end();
  };
  const bool absent = left.malformed == 0 && std::none_of(left.items.begin(), left.items.end(), wanted_gone);
  errand.memory->secrets_absent = absent;
  if (absent) co_return Ok{};
  co_return Error{ErrorKind::kServer, "lepton still lists secrets that were deleted"};
}

Executor::Done Executor::run(Context context, Errand errand, invocation::ProbeStorage action) {
  invocation::StorageStatus probe;
  probe.path = action.directory.path();
  for (const std::string& file_system : action.file_systems) {
    const Result<bool> exists = co_await errand.connection->client().storage_exists(context, file_system, probe.path);
    if (!exists && (exists.error().kind == ErrorKind::kNotFound || exists.error().kind == ErrorKind::kUnsupported)) continue;
    if (!exists) co_return exists.error();
    if (!*exists) continue;
    probe.file_system = file_system;
    probe.seen = true;
    break;
  }
  errand.memory->storage_probe = std::move(probe);
  co_return Ok{};
}

Executor::Done Executor::run(Context context, Errand errand, invocation::RemoveDirectory action) {
  if (!may_send(context)) co_return not_sent();
  const std::string path = action.directory.path();
  const Result<> removed = co_await errand.connection->client().remove_directory(context, action.file_system, path);
  if (!removed && removed.error().kind != ErrorKind::kNotFound) co_return removed.error();
  if (!removed) {  // 404: gone already, or no such file system any more, which would prove nothing
    const auto served = co_await errand.connection->client().list_file_systems(context);
    if (!served) co_return served.error();
    const bool listed = std::find(served->begin(), served->end(), action.file_system) != served->end();
    const std::string lost = "lepton no longer has the file system " + action.file_system + " that " + path + " was seen on";
    if (!listed) co_return Error{ErrorKind::kNotFound, lost};
  }
  const Result<bool> exists = co_await errand.connection->client().storage_exists(context, action.file_system, path);
  if (!exists) co_return exists.error();
  if (*exists) co_return Error{ErrorKind::kServer, "the directory " + path + " is still there after its removal"};
  errand.memory->directory_removed = true;
  co_return Ok{};
}

Executor::Done Executor::run(Context context, Errand errand, invocation::ReadNodeGroups) {
  Result<> answer = co_await errand.connection->read_node_groups(context);
  co_return answer;
}

Executor::Done Executor::run(Context context, Errand errand, invocation::ReadSecretKeys action) {
  for (const invocation::SecretKeyRef& ref : action.keys) {
    const auto state = co_await vault_.state_of(context, errand.object->meta.key.namespace_, ref);
    if (!state) co_return state.error();
    errand.memory->secret_keys[ref] = *state;
  }
  co_return Ok{};
}

}  // namespace lepton_operator::reconcile
