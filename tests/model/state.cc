#include "model/state.h"

#include <algorithm>

#include "base/hash.h"
#include "invocation/codec.h"
#include "model/status_times.h"

namespace lepton_operator::invocation::model {

namespace {

using std::chrono::seconds;

// For digests: short, and no two values have the same text.
class Text {
 public:
  Text& operator<<(const std::string& text) {
    *this << static_cast<std::int64_t>(text.size());
    text_ += text;
    return *this;
  }
  Text& operator<<(std::int64_t number) {
    text_.append(reinterpret_cast<const char*>(&number), sizeof number);  // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
    return *this;
  }
  Text& operator<<(int number) { return *this << static_cast<std::int64_t>(number); }
  Text& operator<<(bool value) {
    text_ += value ? 't' : 'f';
    return *this;
  }
  Text& operator<<(std::size_t number) { return *this << static_cast<std::int64_t>(number); }
  Text& operator<<(Timestamp at) { return *this << static_cast<std::int64_t>(at.time_since_epoch().count()); }
  template <class T>
  Text& operator<<(const std::optional<T>& value) {
    *this << value.has_value();
    if (value) *this << *value;
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

Text& operator<<(Text& out, const AbstractJob& job) {
  return out << job.id << job.name << job.task << job.number << job.foreign << static_cast<int>(job.state) << job.shows_after;
}

Text& operator<<(Text& out, const lepton::Looks& looks) { return out << looks.last << looks.before_last; }

Text& operator<<(Text& out, const Seen& seen) {
  out << seen.endpoints.size();
  for (const Seen::Endpoint& one : seen.endpoints) out << one.name << static_cast<int>(one.state) << one.edited << one.error_looks;
  out << seen.jobs.size();
  for (const AbstractJob& one : seen.jobs) out << one;
  return out << seen.looks << seen.archive_looks;
}

Text& operator<<(Text& out, const Memory& memory) {
  out << memory.since << memory.met_with_finalizer << memory.outcomes.size();
  for (const auto& [key, outcome] : memory.outcomes) {
    out << key << outcome.began << outcome.in_flight << outcome.failures << outcome.retry_at << outcome.error.has_value();
    if (outcome.error) out << static_cast<int>(outcome.error->kind);
  }
  out << memory.writes.size();
  for (const auto& [object, at] : memory.writes) out << object << at;
  out << memory.created.size();
  for (const auto& [name, job] : memory.created) out << name << job.id << static_cast<int>(job.state);
  out << memory.reads.size();
  for (const auto& [id, read] : memory.reads) {
    out << id << read.began << read.job.has_value();
    if (read.job) out << static_cast<int>(read.job->state);
  }
  out << memory.stages.size();
  for (const auto& [id, stage] : memory.stages) out << id << stage.exit_code;
  out << memory.diagnoses.size() << memory.explanations.size();
  for (const auto& [name, explanation] : memory.explanations) out << name << explanation.began;
  out << memory.secret_keys.size() << memory.secrets_absent << memory.storage_probe.has_value();
  if (memory.storage_probe) out << memory.storage_probe->seen;
  return out << memory.directory_removed;
}

Text& operator<<(Text& out, const AbstractWorkspace& lepton) {
  out << lepton.endpoints.size();
  for (const AbstractEndpoint& one : lepton.endpoints) out << one.name << static_cast<int>(one.state) << one.edited << one.shows_after;
  out << lepton.jobs.size();
  for (const AbstractJob& one : lepton.jobs) out << one;
  out << lepton.secrets.size();
  for (const std::string& name : lepton.secrets) out << name;
  return out << lepton.directory;
}

bool same(const InvocationStatus& a, const InvocationStatus& b) { return a.phase == b.phase && a.tasks == b.tasks && a == b; }

// What is the same at every time is one object, and is put through the codec once.
std::shared_ptr<const Recorded> interned(const Recorded* before, const InvocationStatus& status) {
  static std::map<std::string, std::shared_ptr<const Recorded>> known;
  static std::map<const Recorded*, std::vector<std::shared_ptr<const Recorded>>> followers;  // what came of it before
  auto& likely = followers[before];
  for (const auto& one : likely) {
    if (same(one->status, status)) return one;
  }
  const base::Json encoded = encode(status);
  std::string print = base::sha256_hex(base::to_text(encoded)).substr(0, 32);
  auto& one = known[print];
  if (!one) one = std::make_shared<const Recorded>(Recorded{decode_invocation_status(encoded), print});
  if (same(one->status, status)) likely.push_back(one);
  return one;
}

}  // namespace

InvocationStatus status_of(const State& state) {
  InvocationStatus status = state.recorded->status;
  auto next = state.recorded_times.begin();
  visit_deciding_times(status, [&](Timestamp& time) { time = *next++; });
  return status;
}

bool record(State& state, InvocationStatus status) {
  std::vector<Timestamp> times;
  visit_deciding_times(status, [&](Timestamp& time) {
    times.push_back(std::chrono::floor<seconds>(time));  // as normalise() will have it
    time = kLongAgo;
  });
  visit_other_times(status, [&](Timestamp& time) { time = kLongAgo; });
  status.cost.gpu_seconds = status.cost.idle_gpu_seconds = 0;
  const bool unchanged = state.recorded && same(status, state.recorded->status);
  if (unchanged && times == state.recorded_times) return false;
  if (!unchanged) state.recorded = interned(state.recorded.get(), status);
  state.recorded_times = std::move(times);
  return true;
}

Digest digest(const State& state) {
  Text out;
  out << state.recorded->print;
  for (const Timestamp time : state.recorded_times) out << time;
  out << state.finalizer << state.removed << state.deleted << state.suspended << state.up << state.memory << state.seen
      << state.looking.has_value();
  if (state.looking) out << *state.looking;
  out << static_cast<int>(state.workspace) << state.lepton << state.ever_ready.size();
  for (const std::string& name : state.ever_ready) out << name;
  out << state.requests.size();
  for (const Request& request : state.requests) out << request.key << static_cast<int>(request.fate) << request.until;
  out << state.begun << state.now << state.edits;
  const std::string hex = base::sha256_hex(out.text());
  return {std::stoull(hex.substr(0, 16), nullptr, 16), std::stoull(hex.substr(16, 16), nullptr, 16)};
}

}  // namespace lepton_operator::invocation::model
