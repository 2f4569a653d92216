// What a look teaches: the view replaced, and who is to be woken.
#include <algorithm>

#include "lepton/observer.h"

namespace lepton_operator::lepton {

namespace {

using base::Error;
using base::ErrorKind;

// The planner declares an endpoint failed at the second; from then on the count alone is no news.
constexpr int kErrorLooksThatMatter = 2;

bool same(const SeenEndpoint& a, const SeenEndpoint& b) {
  return a.endpoint == b.endpoint && a.family == b.family &&
         std::min(a.error_looks, kErrorLooksThatMatter) == std::min(b.error_looks, kErrorLooksThatMatter);
}

using JobsByName = std::map<std::string, std::vector<Job>, std::less<>>;
using JobsById = std::map<std::string, Job>;

void note_look(Looks& looks, Timestamp begun) {
  looks.before_last = looks.last;
  looks.last = begun;
}

JobsById by_id(const JobsByName& jobs) {
  JobsById result;
  for (const auto& [name, namesakes] : jobs) {
    for (const Job& job : namesakes) result.emplace(job.id, job);
  }
  return result;
}

// Oldest first; where times are equal or absent the id decides, so that two looks agree.
JobsByName by_name(const JobsById& jobs) {
  JobsByName result;
  for (const auto& [id, job] : jobs) result[job.name].push_back(job);
  for (auto& [name, namesakes] : result) {
    std::stable_sort(namesakes.begin(), namesakes.end(), [](const Job& a, const Job& b) {
      return a.created_at.value_or(Timestamp::max()) < b.created_at.value_or(Timestamp::max());
    });
  }
  return result;
}

// What of `before` stays where the lists of this look do not tell.
bool stays(const Job& job, bool all_read, bool archive_failed) { return !all_read || (archive_failed && job.archived); }

template <class T>
std::optional<Error> error_of(const Result<Decoded<T>>& answer, const char* kind) {
  if (!answer) return answer.error();
  if (answer->malformed == 0) return std::nullopt;
  return Error{ErrorKind::kMalformed, "lepton's list of " + std::string(kind) + " holds " + std::to_string(answer->malformed) +
                                          " that cannot be read: nothing is taken as absent by it"};
}

}  // namespace

void Observer::note_owner(const Labels& labels, Owners& owners) const {
  const auto label = labels.find(options_.owner_label);
  if (label != labels.end() && !label->second.empty()) owners.insert(label->second);
}

void Observer::take_endpoints(const Asked<Endpoint>& asked, ApiFamily family, Owners& changed) {
  if (!asked.answer) return;
  decltype(view_.endpoints) seen = view_.endpoints;
  // What this list lacks may be what it could not say, or stand behind the other family's routes.
  if (asked.complete()) std::erase_if(seen, [&](const auto& known) { return known.second.family == family; });
  for (const Endpoint& endpoint : asked.answer->items) {
    const auto shown = seen.find(endpoint.name);
    if (family != view_.family && shown != seen.end() && shown->second.family == view_.family) continue;  // by the workspace's own
    const auto known = view_.endpoints.find(endpoint.name);
    SeenEndpoint now{endpoint, 0, family};
    if (endpoint.state == EndpointState::kError) now.error_looks = 1 + (known == view_.endpoints.end() ? 0 : known->second.error_looks);
    if (known == view_.endpoints.end() || !same(known->second, now)) note_owner(endpoint.labels, changed);
    seen[endpoint.name] = std::move(now);
  }
  for (const auto& [name, before] : view_.endpoints) {
    const auto now = seen.find(name);
    // Gone, or another object of the same name whose owner is not the one before.
    if (now == seen.end() || now->second.endpoint.labels != before.endpoint.labels) note_owner(before.endpoint.labels, changed);
  }
  view_.endpoints = std::move(seen);
  if (asked.complete()) note_look(family == view_.family ? view_.endpoint_looks : view_.other_endpoint_looks, asked.begun);
}

void Observer::take_others(const Look& look, Owners& changed) {
  const ApiFamily others = look.family == ApiFamily::kDeployments ? ApiFamily::kEndpoints : ApiFamily::kDeployments;
  if (look.others) {
    take_endpoints(*look.others, others, changed);
    view_.other_error = error_of(look.others->answer, "endpoints");
    return;
  }
  if (strongest().other_family || look.family != view_.family) return;  // changed since: the next look asks
  view_.other_error.reset();
  std::erase_if(view_.endpoints, [&](const auto& known) { return known.second.family != view_.family; });
}

std::map<std::string, Job> Observer::merged(const std::map<std::string, Job>& before, const Look& look) {
  const bool alive = look.alive.answer.ok();
  const bool archive = look.archive && look.archive->answer.ok();
  const bool all_read = (!alive || look.alive.complete()) && (!archive || look.archive->complete());
  JobsById now;
  for (const auto& [id, job] : before) {
    if (stays(job, all_read, look.archive && !archive)) now.emplace(id, job);
  }
  if (archive) {
    for (const Job& job : look.archive->answer->items) {
      const auto known = before.find(job.id);
      Job seen = job;
      // The list of both does not say which is which: archived is what the alive list, asked after it, lacks.
      if (look.alive.complete()) seen.archived = true;
      if (!look.alive.complete() && known != before.end()) seen.archived = seen.archived || known->second.archived;
      now[job.id] = std::move(seen);
    }
  }
  if (alive) {
    for (const Job& job : look.alive.answer->items) now[job.id] = job;
  }
  return now;
}

void Observer::take_jobs(const Look& look, Owners& changed) {
  const bool alive = look.alive.answer.ok();
  const bool archive = look.archive && look.archive->answer.ok();
  if (!alive && !archive) return;

  const JobsById before = by_id(view_.jobs);
  const JobsById now = merged(before, look);
  for (const auto& [id, job] : now) {
    const auto known = before.find(id);
    if (known == before.end() || !(known->second == job)) note_owner(job.labels, changed);
  }
  for (const auto& [id, job] : before) {
    const auto found = now.find(id);
    if (found == now.end() || found->second.labels != job.labels) note_owner(job.labels, changed);
  }
  view_.jobs = by_name(now);
  if (look.alive.complete()) note_look(view_.job_looks, look.alive.begun);
  if (archive && look.archive->complete()) note_look(view_.archive_looks, look.archive->begun);
}

std::optional<Error> Observer::first_error(const Look& look) const {
  if (std::optional<Error> error = error_of(look.endpoints.answer, "endpoints")) return error;
  if (std::optional<Error> error = error_of(look.alive.answer, "jobs")) return error;
  return look.archive ? error_of(look.archive->answer, "jobs") : std::nullopt;
}

void Observer::take(const Look& look) {
  requests_of_last_look_ = 0;
  for (const auto* jobs : {&look.alive, look.archive ? &*look.archive : nullptr}) {
    if (jobs) requests_of_last_look_ += jobs->answer ? jobs->answer->requests : 1;
  }
  requests_of_last_look_ += look.others ? 2 : 1;  // endpoints: one page

  Owners changed;
  take_endpoints(look.endpoints, look.family, changed);
  take_others(look, changed);
  take_jobs(look, changed);
  last_error_ = first_error(look);
  lists_read_ = look.endpoints.answer && look.alive.answer && (!look.archive || look.archive->answer);
  // One list of this look was the probe that closed the circuit, the others were still refused.
  if (last_error_ && last_error_->kind == ErrorKind::kUnauthorized && !client_.circuit_open()) look_soon_ = true;

  for (const std::string& owner : changed) on_change_(owner);
  on_change_("");
}

}  // namespace lepton_operator::lepton
