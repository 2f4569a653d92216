// What a look teaches: the view replaced, and who is to be woken.
#include <algorithm>
#include <unordered_set>

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

void note_look(Looks& looks, Timestamp begun) {
  looks.before_last = looks.last;
  looks.last = begun;
}

// Oldest first; where times are equal or absent the id decides, so that two looks agree.
bool older(const Job& a, const Job& b) {
  const Timestamp first = a.created_at.value_or(Timestamp::max());
  const Timestamp second = b.created_at.value_or(Timestamp::max());
  return first != second ? first < second : a.id < b.id;
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
  const auto owner = labels.find(options_.owner_label);
  if (owner && !owner->empty()) owners.emplace(*owner);
}

void Observer::count_error(SeenEndpoint& known, Owners& changed) const {
  if (known.endpoint.state != EndpointState::kError) return;
  ++known.error_looks;
  if (known.error_looks <= kErrorLooksThatMatter) note_owner(known.endpoint.labels, changed);
}

void Observer::take_endpoint(const Endpoint& endpoint, ApiFamily family, Owners& changed) {
  const auto known = view_.endpoints.find(endpoint.name);
  const bool is_known = known != view_.endpoints.end();
  if (is_known && family != view_.family && known->second.family == view_.family) return;  // shown by the workspace's own routes
  SeenEndpoint now{endpoint, 0, family};
  now.endpoint.spec = specs_.one_like(endpoint.spec);
  if (endpoint.state == EndpointState::kError) now.error_looks = 1 + (is_known ? known->second.error_looks : 0);
  if (!is_known || !same(known->second, now)) note_owner(endpoint.labels, changed);
  // Another object of the same name, whose owner is not the one before.
  if (is_known && known->second.endpoint.labels != endpoint.labels) note_owner(known->second.endpoint.labels, changed);
  view_.endpoints.insert_or_assign(endpoint.name, std::move(now));
}

void Observer::take_endpoints(const Asked<Endpoint>& asked, ApiFamily family, Owners& changed) {
  if (!asked.answer) return;
  std::unordered_set<std::string_view> shown;
  for (const auto& [print, name] : asked.answer->unchanged) {
    shown.insert(name);
    if (const auto known = view_.endpoints.find(name); known != view_.endpoints.end()) count_error(known->second, changed);
  }
  for (const Endpoint& endpoint : asked.answer->items) {
    shown.insert(endpoint.name);
    take_endpoint(endpoint, family, changed);
  }
  if (!asked.complete()) return;
  // What an incomplete list lacks may be what it could not say; what this one lacks may stand behind the other family's routes.
  std::erase_if(view_.endpoints, [&](const auto& known) {
    if (known.second.family != family || shown.contains(known.first)) return false;
    note_owner(known.second.endpoint.labels, changed);
    return true;
  });
  note_look(family == view_.family ? view_.endpoint_looks : view_.other_endpoint_looks, asked.begun);
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

// What the lists of a look come to, by id. The archive's first: who is in both is alive.
Observer::ShownJobs Observer::shown_jobs(const Look& look, const JobsById& before) {
  ShownJobs shown;
  if (look.archive && look.archive->answer.ok()) {
    // The list of both does not say which is which: archived is what the alive list, asked after it, lacks.
    const auto archived = [&](const std::string& id, bool by_state) {
      const auto known = before.find(id);
      return look.alive.complete() || by_state || (known != before.end() && known->second->archived);
    };
    for (std::size_t i = 0; i < look.archive->answer->items.size(); ++i) {
      const Job& job = look.archive->answer->items[i];
      shown[job.id] = {&job, archived(job.id, job.archived), look.archive->answer->prints[i]};
    }
    for (const auto& [print, id] : look.archive->answer->unchanged) shown[id] = {nullptr, archived(id, false), print};
  }
  if (!look.alive.answer) return shown;
  for (std::size_t i = 0; i < look.alive.answer->items.size(); ++i) {
    const Job& job = look.alive.answer->items[i];
    shown[job.id] = {&job, job.archived, look.alive.answer->prints[i]};
  }
  for (const auto& [print, id] : look.alive.answer->unchanged) {
    const auto known = before.find(id);
    shown[id] = {nullptr, known != before.end() && known->second->state == JobState::kArchived, print};
  }
  return shown;
}

void Observer::trim(Job& job) const {
  if (!options_.job_labels.empty()) job.labels.retain(options_.job_labels);
}

void Observer::remove_job(const Job& gone) {
  const auto named = view_.jobs.find(gone.name);
  std::erase_if(named->second, [id = gone.id](const Job& job) { return job.id == id; });
  if (named->second.empty()) view_.jobs.erase(named);
}

void Observer::take_jobs(const Look& look, Owners& changed) {
  const bool alive = look.alive.answer.ok();
  const bool archive = look.archive && look.archive->answer.ok();
  if (!alive && !archive) return;

  JobsById before;
  for (const auto& [name, namesakes] : view_.jobs) {
    for (const Job& job : namesakes) before.emplace(job.id, &job);
  }
  std::vector<Job> news;
  std::vector<Job> gone;
  Prints prints;
  const ShownJobs shown = shown_jobs(look, before);
  for (const auto& [id, now] : shown) {
    const auto found = before.find(id);
    const Job* known = found == before.end() ? nullptr : found->second;
    if (now.job == nullptr && known == nullptr) continue;  // nothing is kept of it, so the next look reads it
    prints.emplace(now.print, id);
    if (now.job == nullptr && known->archived == now.archived) continue;
    Job job = now.job ? *now.job : *known;
    job.archived = now.archived;
    trim(job);
    if (known && *known == job) continue;
    note_owner(job.labels, changed);
    if (known && known->labels != job.labels) note_owner(known->labels, changed);
    if (known) gone.push_back(*known);
    news.push_back(std::move(job));
  }
  const bool all_read = (!alive || look.alive.complete()) && (!archive || look.archive->complete());
  for (const auto& [id, job] : before) {
    if (shown.contains(id) || stays(*job, all_read, look.archive && !archive)) continue;
    note_owner(job->labels, changed);
    gone.push_back(*job);
  }
  for (const Job& job : gone) remove_job(job);
  for (Job& job : news) {
    std::vector<Job>& namesakes = view_.jobs[job.name];
    const auto place = std::upper_bound(namesakes.begin(), namesakes.end(), job, older);
    namesakes.insert(place, std::move(job));
  }
  known_jobs_ = std::move(prints);
  if (look.alive.complete()) note_look(view_.job_looks, look.alive.begun);
  if (archive && look.archive->complete()) note_look(view_.archive_looks, look.archive->begun);
}

std::optional<Error> Observer::first_error(const Look& look) const {
  if (std::optional<Error> error = error_of(look.endpoints.answer, "endpoints")) return error;
  if (std::optional<Error> error = error_of(look.alive.answer, "jobs")) return error;
  return look.archive ? error_of(look.archive->answer, "jobs") : std::nullopt;
}

// From now on an endpoint whose text stays the same need not be read.
void Observer::note_prints(const Look& look) {
  if (!look.endpoints.answer) return;
  known_endpoints_.clear();
  if (look.family != view_.family) return;  // the family changed meanwhile
  const Decoded<Endpoint>& list = *look.endpoints.answer;
  for (const auto& [print, name] : list.unchanged) {
    if (view_.endpoints.contains(name)) known_endpoints_.emplace(print, name);
  }
  for (std::size_t i = 0; i < list.items.size(); ++i) known_endpoints_.emplace(list.prints[i], list.items[i].name);
}

// Of a list that was not answered what was known before holds: whoever cannot cope with many is not asked more often for that.
template <class T>
void Observer::note_size(const Asked<T>& asked, std::int64_t& size) {
  if (asked.answer) size = static_cast<std::int64_t>(asked.answer->items.size() + asked.answer->unchanged.size());
}

template <class T>
void Observer::note_size(const std::optional<Asked<T>>& asked, std::int64_t& size) {
  if (asked) {
    note_size(*asked, size);
  } else {
    size = 0;
  }
}

void Observer::take(const Look& look) {
  ++version_;
  requests_of_last_look_ = 0;
  note_size(look.endpoints, listed_.endpoints);
  note_size(look.alive, listed_.alive);
  note_size(look.others, listed_.others);
  note_size(look.archive, listed_.archive);
  for (const auto* jobs : {&look.alive, look.archive ? &*look.archive : nullptr}) {
    if (jobs) requests_of_last_look_ += jobs->answer ? jobs->answer->requests : 1;
  }
  requests_of_last_look_ += look.others ? 2 : 1;  // endpoints: one page

  Owners changed;
  take_endpoints(look.endpoints, look.family, changed);
  note_prints(look);
  take_others(look, changed);
  take_jobs(look, changed);
  specs_.forget_unused();
  last_error_ = first_error(look);
  lists_read_ = look.endpoints.answer && look.alive.answer && (!look.archive || look.archive->answer);
  // One list of this look was the probe that closed the circuit, the others were still refused.
  if (last_error_ && last_error_->kind == ErrorKind::kUnauthorized && !client_.circuit_open()) look_soon_ = true;

  for (const std::string& owner : changed) on_change_(owner);
  on_change_("");
}

}  // namespace lepton_operator::lepton
