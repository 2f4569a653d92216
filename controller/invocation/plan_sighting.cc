// What is known of a job that was intended, and letting go of it. Creating one is not idempotent on the wire: an uncertain creation is
// believed not to have happened only when two looks that began after it settled show nothing (rule 2); of two with one name the older
// stays.
#include <algorithm>

#include "invocation/names.h"
#include "invocation/planning.h"

namespace lepton_operator::invocation {
namespace {

// How often a job that left the list is read by its id while it is in no final state.
constexpr std::chrono::seconds kReadAgain{2};

bool older(const lepton::Job& a, const lepton::Job& b) {
  if (a.created_at != b.created_at) return a.created_at < b.created_at;
  return a.id < b.id;
}

std::optional<Timestamp> latest_write(const Planning& p, const JobStatus& job) {
  std::optional<Timestamp> latest;
  for (const std::string& object : {job.name, job.id}) {
    const auto found = p.world.memory.writes.find(object);
    if (!object.empty() && found != p.world.memory.writes.end() && (!latest || *latest < found->second)) latest = found->second;
  }
  return latest;
}

bool absent_after_writes(const Planning& p, const JobStatus& job) {
  const auto written = latest_write(p, job);
  const auto& looks = p.world.view.job_looks;
  return looks.last && (!written || *looks.last > *written);
}

void delete_duplicates(Planning& p, const std::string& task, const std::vector<lepton::Job>& jobs) {
  for (std::size_t i = 1; i < jobs.size(); ++i) {
    p.look(lepton::Pace::kClose);
    const DeleteJob removal{task, jobs[i].name, jobs[i].id, DeletionReason::kDuplicate};
    const bool going = job_phase(jobs[i]) == JobPhase::kStopping;  // asked for already, or about to stop: then it is asked for
    if (!jobs[i].archived && !going) p.act_once_per_look(removal, p.world.view.job_looks);
  }
}

bool has_duplicates(const Planning& p, const std::string& name) {
  const std::vector<lepton::Job> jobs = known_jobs(p, name);
  return jobs.size() > 1 && std::any_of(jobs.begin() + 1, jobs.end(), [](const lepton::Job& job) { return !job.archived; });
}

Sighting seen(lepton::Job job) {
  Sighting sighting;
  sighting.kind = Sighting::Kind::kSeen;
  sighting.job = std::move(job);
  return sighting;
}

Sighting of_kind(Sighting::Kind kind, const base::Error* error = nullptr) {
  Sighting sighting;
  sighting.kind = kind;
  sighting.error = error;
  return sighting;
}

// A job that left the list of the living: its id tells more than its absence.
Sighting sight_by_id(Planning& p, const std::string& task, const JobStatus& job) {
  const auto created = p.world.memory.created.find(job.name);
  if (!absent_after_writes(p, job)) {
    p.look(lepton::Pace::kClose);
    return created != p.world.memory.created.end() ? seen(created->second) : of_kind(Sighting::Kind::kCreating);
  }
  const ReadJob read{task, job.id};
  const auto known = p.world.memory.reads.find(job.id);
  const auto written = latest_write(p, job);
  const bool fresh = known != p.world.memory.reads.end() && (!written || known->second.began > *written);
  if (!fresh) {
    p.act(read);
    return of_kind(Sighting::Kind::kCreating);
  }
  if (!known->second.job) return of_kind(Sighting::Kind::kVanished);
  if (!finished(job_phase(*known->second.job))) {
    if (p.world.now - known->second.began >= kReadAgain) {
      p.act(read);
    } else {
      p.wake(known->second.began + kReadAgain);
    }
  }
  return seen(*known->second.job);
}

// No id: the creation was not answered. Rule 2 decides when it may be believed not to have happened.
Sighting sight_uncertain(Planning& p, const JobStatus& job) {
  const std::string key = key::create_job(job.name);
  if (p.in_flight(key)) return of_kind(Sighting::Kind::kCreating);
  const Outcome* known = p.outcome(key);
  const bool of_this_intent = known && job.intended_at && known->began >= *job.intended_at;
  if (of_this_intent && known->error && !known->error->uncertain()) {
    if (known->error->kind == base::ErrorKind::kInvalid) return of_kind(Sighting::Kind::kRefused, &*known->error);
    if (known->retry_at <= p.world.now) return of_kind(Sighting::Kind::kNotThere, &*known->error);
    p.wake(known->retry_at);
    return of_kind(Sighting::Kind::kCreating, &*known->error);
  }
  const Timestamp settled = job.intended_at.value_or(p.world.memory.since) + kCreateDeadline + kSettling;
  p.look(lepton::Pace::kClose, true);
  if (p.world.now < settled) p.wake(settled);
  const bool settled_and_absent =
      p.world.now >= settled && p.world.view.archive_looks.begun_after(settled) >= 2 && p.world.view.job_looks.begun_after(settled) >= 2;
  if (settled_and_absent && known && known->error && known->retry_at > p.world.now) {  // an intent without its request would be a lie
    p.wake(known->retry_at);
    return of_kind(Sighting::Kind::kCreating);
  }
  return of_kind(settled_and_absent ? Sighting::Kind::kNotThere : Sighting::Kind::kCreating);
}

}  // namespace

std::vector<lepton::Job> known_jobs(const Planning& p, const std::string& name) {
  std::vector<lepton::Job> jobs;
  if (const auto listed = p.world.view.jobs.find(name); listed != p.world.view.jobs.end()) {
    for (const lepton::Job& job : listed->second) {
      const std::string owner = owner_uid(job.labels);
      if (owner.empty() || owner == p.world.invocation.meta.uid) jobs.push_back(job);
    }
  }
  std::sort(jobs.begin(), jobs.end(), older);
  return jobs;
}

Sighting sight(Planning& p, const std::string& task, JobStatus& job) {
  const std::vector<lepton::Job> listed = known_jobs(p, job.name);
  if (!listed.empty()) {
    delete_duplicates(p, task, listed);
    job.id = listed.front().id;
    return seen(listed.front());
  }
  if (job.id.empty()) {
    const auto created = p.world.memory.created.find(job.name);
    if (created != p.world.memory.created.end()) job.id = created->second.id;
  }
  return job.id.empty() ? sight_uncertain(p, job) : sight_by_id(p, task, job);
}

bool job_released(const Planning& p, const JobStatus& job) { return job.name.empty() || (job.released && !has_duplicates(p, job.name)); }

bool release_job(Planning& p, const std::string& task, JobStatus& job) {
  // A duplicate that comes later than any request may take comes when all is over, and is removed all the same.
  if (job_released(p, job)) return true;
  const Sighting sighting = sight(p, task, job);
  switch (sighting.kind) {
    case Sighting::Kind::kRefused:
    case Sighting::Kind::kNotThere:
    case Sighting::Kind::kVanished: job.released = true; return true;
    case Sighting::Kind::kCreating:
      p.look(lepton::Pace::kClose);
      job.released = sighting.error != nullptr;  // certainly not made, and it will not be tried again
      return job.released;
    case Sighting::Kind::kSeen: break;
  }
  const JobPhase seen_as = job_phase(sighting.job);
  if (!finished(job.state)) job.state = seen_as;  // how it ended may be known from elsewhere
  if (finished(seen_as)) {
    job.released = !has_duplicates(p, job.name);  // while one is left, sight() has it removed
    return job.released;
  }
  p.look(lepton::Pace::kClose);
  p.act_once_per_look(StopJob{task, sighting.job.id}, p.world.view.job_looks);
  return false;
}

bool delete_job(Planning& p, const std::string& task, JobStatus& job) {
  if (job.name.empty()) return true;
  const Sighting sighting = sight(p, task, job);
  p.look(lepton::Pace::kClose);
  if (sighting.kind == Sighting::Kind::kCreating && job.id.empty() && !sighting.error) return false;  // it may still come
  if (job.id.empty()) return true;                                                                    // certainly never created
  const DeleteJob removal{task, job.name, job.id};
  if (!p.done(action_key(removal))) {
    p.act(removal);
    return false;
  }
  if (sighting.kind == Sighting::Kind::kVanished) return true;
  // An archived job that is terminal counts as absent (rule 7); one in the list of the living does not.
  const std::vector<lepton::Job> known = known_jobs(p, job.name);
  const bool alive = std::any_of(known.begin(), known.end(), [](const lepton::Job& other) { return !other.archived; });
  const bool over = sighting.kind == Sighting::Kind::kSeen && finished(job_phase(sighting.job));
  const bool going = sighting.kind == Sighting::Kind::kSeen && job_phase(sighting.job) == JobPhase::kStopping;
  if (alive && !going) p.act_once_per_look(removal, p.world.view.job_looks);
  return over && absent_after_writes(p, job) && !alive;
}

}  // namespace lepton_operator::invocation
