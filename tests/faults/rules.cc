#include "faults/rules.h"

#include <algorithm>

#include "invocation/names.h"

namespace lepton_operator::faults {

using namespace std::chrono_literals;
using base::Method;

namespace {

constexpr Milliseconds kDeadlineAndSettling = 30s;
constexpr int kLooks = 2;
constexpr int kRounds = 2;
constexpr Milliseconds kGrace = 1s;  // what was planned just before a deletion may still leave
constexpr std::size_t kLongestName = 36;
constexpr const char* kInvocationsPart = "/invocations/";
constexpr const char* kOwnSecrets = "/namespaces/ops/secrets";
constexpr const char* kStorage = "/shared/nemo-evaluator-launcher-workspace/";

// "/api/v2/workspaces/ws-sim/jobs/x" -> {"jobs", "x"}.
std::vector<std::string> segments_in_workspace(const std::string& path) {
  std::vector<std::string> segments;
  for (std::size_t from = 1, index = 0; from <= path.size(); ++index) {
    const std::size_t end = std::min(path.find('/', from), path.size());
    if (index >= 4) segments.push_back(path.substr(from, end - from));
    from = end + 1;
  }
  return segments;
}

std::string text_of(const Json& object, const char* member) { return base::get_string(object, member).value_or(""); }

bool terminal(const std::string& phase) { return phase == "Succeeded" || phase == "Failed" || phase == "Cancelled" || phase == "Unknown"; }

bool well_named(const std::string& name) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto inner = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-'; };
  return !name.empty() && name.size() <= kLongestName && letter(name.front()) && name.back() != '-' &&
         std::all_of(name.begin(), name.end(), inner);
}

std::span<const Json> tasks_of(const Json& status) { return base::elements(base::find(status, "tasks")); }

// The job of that name in a status, of whichever attempt.
const Json* intent_of(const Json& status, const std::string& name) {
  const auto named = [&](const Json& job) { return text_of(job, "name") == name; };
  if (const Json& cleanup = base::get_object(status, "cleanup"); named(cleanup)) return &cleanup;
  for (const Json& task : tasks_of(status)) {
    if (const Json& job = base::get_object(task, "job"); named(job)) return &job;
    for (const Json& attempt : base::elements(base::find(task, "earlier"))) {
      if (const Json& job = base::get_object(attempt, "job"); named(job)) return &job;
    }
  }
  return nullptr;
}

bool is_status_of_invocation(const std::string& path) { return path.find(kInvocationsPart) != std::string::npos; }

}  // namespace

Rules::Rules(World& world, Play& play, bool duplicates) : world_(world), play_(play), duplicates_(duplicates) {
  secrets_ = {"sim-token", "hf_0123456789abcdef", "api-0123456789abcdef"};
  world_.watch_calls([this](Side side, const HttpRequest& request) { sent(side, request); },
                     [this](Side side, const HttpRequest& request, const HttpResponse* response) { answered(side, request, response); });
  world_.kubernetes().on_change(
      [this](const std::string& path, const std::string& type, const Json& object) { changed(path, type, object); });
}

void Rules::expect(bool holds, const std::string& sentence) {
  if (!holds && std::find(broken_.begin(), broken_.end(), sentence) == broken_.end()) broken_.push_back(sentence);
}

const Json* Rules::owner_of(const std::string& uid) const {
  for (const auto& [path, object] : world_.kubernetes().objects()) {
    if (is_status_of_invocation(path) && text_of(object.at("metadata"), "uid") == uid) return &object;
  }
  return nullptr;
}

bool Rules::creates_too_late(const std::string& uid) const {
  const Json* owner = owner_of(uid);
  if (!owner) return true;
  const auto deleted = base::get_string(owner->at("metadata"), "deletionTimestamp");
  return deleted && world_.now() > base::parse_timestamp(*deleted).value() + kGrace;
}

void Rules::expect_named_and_marked(const std::string& name, const Json& metadata) {
  expect(well_named(name), "1: the name " + name + " is not of the form");
  const Json& labels = base::get_object(metadata, "labels");
  for (const char* label : {invocation::kInstallLabel, invocation::kUidLabel, invocation::kNameLabel, invocation::kNamespaceLabel}) {
    expect(!text_of(labels, label).empty(), "1: " + name + " has no mark " + label);
  }
}

void Rules::expect_no_secret(const std::string& where, const std::string& text) {
  for (const std::string& secret : secrets_) {
    expect(text.find(secret) == std::string::npos, "10: a secret is sent in " + where);
  }
}

void Rules::sent(Side side, const HttpRequest& request) {
  if (side == Side::kLepton) return sent_to_lepton(request);
  if (!request.body.empty() && request.path.find(kOwnSecrets) == std::string::npos) expect_no_secret(request.path, request.body);
}

void Rules::sent_to_lepton(const HttpRequest& request) {
  const std::vector<std::string> path = segments_in_workspace(request.path);
  if (path.empty()) return;
  if (request.method == Method::kDelete && path[0] == "deployments" && path.size() == 2) return endpoint_removed(path[1]);
  if (request.method == Method::kDelete && path[0] == "storage") return directory_removed(request);
  if (request.method == Method::kGet && path[0] == "jobs" && path.size() == 1) {
    for (auto& [name, creation] : creations_) {
      if (world_.now() > creation.intended_at + kDeadlineAndSettling) ++creation.looks_after_settling;
    }
  }
  if (request.method != Method::kPost || path.size() != 1) return;
  const auto body = base::parse_json(request.body, "body");
  if (path[0] == "jobs") {
    expect_no_secret("a job", request.body);
    return job_asked_for(*body);
  }
  if (path[0] == "deployments") {
    const Json& metadata = base::get_object(*body, "metadata");
    const std::string name = text_of(metadata, "name").empty() ? text_of(metadata, "id") : text_of(metadata, "name");
    expect_named_and_marked(name, metadata);
    const std::string uid = text_of(base::get_object(metadata, "labels"), invocation::kUidLabel);
    expect(!creates_too_late(uid), "9: the endpoint " + name + " is asked for, but its Invocation is being deleted");
  } else if (path[0] == "usersecrets") {
    for (const Json& secret : base::elements(&*body)) {
      expect(well_named(text_of(secret, "name")), "1: the name " + text_of(secret, "name") + " is not of the form");
      if (const std::string value = text_of(secret, "value"); value.size() >= 8) secrets_.insert(value);
    }
  }
}

void Rules::job_asked_for(const Json& job) {
  const Json& metadata = base::get_object(job, "metadata");
  const std::string name = text_of(metadata, "name").empty() ? text_of(metadata, "id") : text_of(metadata, "name");
  const Json& labels = base::get_object(metadata, "labels");
  const std::string uid = text_of(labels, invocation::kUidLabel);
  expect_named_and_marked(name, metadata);
  const Json* owner = owner_of(uid);
  const Json* intent = owner ? intent_of(base::get_object(*owner, "status"), name) : nullptr;
  expect(intent != nullptr, "2: the job " + name + " is asked for without an intent in the status");
  const bool cleanup = text_of(labels, invocation::kTaskLabel).empty();
  if (!cleanup) expect(!creates_too_late(uid), "9: the job " + name + " is asked for, but its Invocation is being deleted");
  if (const auto before = creations_.find(name); before != creations_.end() && before->second.uncertain) {
    const bool settled = world_.now() > before->second.intended_at + kDeadlineAndSettling;
    expect(settled && before->second.looks_after_settling >= kLooks, "2: the job " + name + " is asked for again before that is safe");
  }
  const auto intended = intent ? base::parse_timestamp(text_of(*intent, "intendedAt")) : std::nullopt;
  creations_[name] = Creation{intended.value_or(world_.now())};
}

// Rule 5: the result stands in the status before anything is released.
void Rules::endpoint_removed(const std::string& name) {
  for (const auto& [path, object] : world_.kubernetes().objects()) {
    if (!is_status_of_invocation(path)) continue;
    if (base::find(object.at("metadata"), "deletionTimestamp") || ever_suspended_.contains(path)) continue;
    for (const Json& task : tasks_of(base::get_object(object, "status"))) {
      if (text_of(base::get_object(task, "endpoint"), "name") != name) continue;
      expect(terminal(text_of(task, "phase")), "5: the endpoint " + name + " is released before its task's result is recorded");
    }
  }
}

void Rules::directory_removed(const HttpRequest& request) {
  const std::size_t at = request.path.find(kStorage);
  const std::string id = at == std::string::npos ? "" : request.path.substr(at + std::string(kStorage).size());
  std::set<std::string> own;
  for (const std::string& name : play_.invocations()) own.insert(invocation::invocation_id("uid-of-" + name));
  expect(own.contains(id), "8: the directory " + request.path + " is nobody's own");
  expect(directories_seen_.contains(request.path), "8: the directory " + request.path + " was never seen there");
}

void Rules::answered(Side side, const HttpRequest& request, const HttpResponse* response) {
  if (side != Side::kLepton) return;
  const std::vector<std::string> path = segments_in_workspace(request.path);
  if (path.empty()) return;
  if (request.method == Method::kHead && response && response->status == 200) directories_seen_.insert(request.path);
  if (path[0] != "jobs" || path.size() != 1) return;
  if (request.method == Method::kGet) {
    const auto mode =
        std::find(request.query.begin(), request.query.end(), std::pair<std::string, std::string>{"job_query_mode", "alive_only"});
    if (mode != request.query.end()) count_twins();
    return;
  }
  const auto body = base::parse_json(request.body, "body");
  const Json& metadata = base::get_object(*body, "metadata");
  const std::string name = text_of(metadata, "name").empty() ? text_of(metadata, "id") : text_of(metadata, "name");
  // A refusal is certain, but for those that say nothing of what came before them.
  if (response && response->status >= 400 && response->status < 500) creations_[name].uncertain = false;
}

// After a list of the jobs: how many rounds saw two that live under one name.
void Rules::count_twins() {
  std::map<std::string, int> alive;
  for (const auto& [id, job] : world_.lepton().jobs().all()) {
    if (!job.archived && job.state != "Stopping" && job.state != "Deleting") ++alive[job.name];
  }
  for (const auto& [name, count] : alive) {
    if (count < 2) continue;
    expect(duplicates_, "2: two jobs live under the name " + name);
    expect(++twins_[name] <= kRounds, "2: two jobs live under the name " + name + " for more than two rounds");
  }
}

void Rules::changed(const std::string& path, const std::string& type, const Json& object) {
  if (!is_status_of_invocation(path)) return;
  const Json& status = base::get_object(object, "status");
  if (base::get_bool(base::get_object(object, "spec"), "suspend").value_or(false)) ever_suspended_.insert(path);
  if (type == "DELETED") {
    expect_nothing_of(object);
    statuses_.erase(path);
    return;
  }
  if (const auto before = statuses_.find(path); before != statuses_.end()) compare_results(path, before->second, status);
  statuses_[path] = status;
}

// Rule 5: a result never changes, within its attempt.
void Rules::compare_results(const std::string& name, const Json& before, const Json& now) {
  for (const Json& task : tasks_of(before)) {
    if (!terminal(text_of(task, "phase"))) continue;
    const auto same = [&](const Json& other) { return text_of(other, "name") == text_of(task, "name"); };
    const auto all = tasks_of(now);
    const auto found = std::find_if(all.begin(), all.end(), same);
    if (found == all.end()) {
      expect(false, "5: the task " + text_of(task, "name") + " of " + name + " is not told of any more");
      continue;
    }
    const auto attempt = [](const Json& of) { return base::get_int(base::get_object(of, "job"), "attempt").value_or(0); };
    if (attempt(*found) != attempt(task)) continue;
    expect(text_of(*found, "phase") == text_of(task, "phase"),
           "5: the result of " + text_of(task, "name") + " changed from " + text_of(task, "phase") + " to " + text_of(*found, "phase"));
  }
}

// Rule 7: the finalizer fell, so nothing of it is left.
void Rules::expect_nothing_of(const Json& object) {
  const std::string uid = text_of(object.at("metadata"), "uid");
  auto& lepton = world_.lepton();
  lepton.catch_up();
  const auto owned = [&](const Json& metadata) { return text_of(base::get_object(metadata, "labels"), invocation::kUidLabel) == uid; };
  for (const auto& [name, each] : lepton.deployments().alive()) {
    expect(!owned(each.metadata), "7: the object is gone, and its endpoint " + name + " is not");
  }
  for (const auto& [id, job] : lepton.jobs().all()) {
    expect(!owned(job.metadata) || (job.archived && job.finished()), "7: the object is gone, and its job " + id + " is not");
  }
  for (const auto& [name, secret] : lepton.secrets().all()) {
    const std::string mark = std::string(invocation::kUidLabel) + "=" + uid;
    const bool ours = std::find(secret.tags.begin(), secret.tags.end(), mark) != secret.tags.end();
    expect(!ours, "7: the object is gone, and its secret " + name + " is not");
  }
  const std::string directory = kStorage + invocation::invocation_id(uid);
  for (auto& [name, volume] : lepton.world().volumes) expect(!volume.exists(directory), "7: the object is gone, and its directory is not");
}

void Rules::at_the_end() {
  std::map<std::string, int> made;
  for (const auto& [id, job] : world_.lepton().jobs().all()) ++made[job.name];
  for (const auto& job : world_.lepton().jobs().gone()) ++made[job.name];
  int twice = 0;
  for (const auto& [name, count] : made) {
    if (count > 1) twice += count - 1;
    expect(count == 1 || duplicates_, "2: the job " + name + " was made " + std::to_string(count) + " times");
  }
  const Counted& counted = world_.counted();
  // One that came when its Invocation was gone is the orphan sweep's.
  expect(counted.duplicates + counted.orphans == twice, "2: " + std::to_string(twice) + " duplicates came to be, and " +
                                                            std::to_string(counted.duplicates + counted.orphans) + " were counted");
  expect(counted.bugs == 0, "a reconcile threw, or a key was handed out twice");
}

}  // namespace lepton_operator::faults
