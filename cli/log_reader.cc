#include "cli/log_reader.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "lepton/log_search.h"

namespace lepton_operator::cli {

using base::Error;
using base::ErrorKind;
using lepton::JobState;
using lepton::Workload;

namespace {

constexpr int kSearched = 5'000;                  // lines an answer
constexpr base::Milliseconds kLook{300};          // until a replica is there
constexpr base::Milliseconds kLookBeside{5'000};  // for other ones, while one is read
constexpr base::Milliseconds kFirstWait{100};     // after a lost connection
constexpr base::Milliseconds kLongestWait{5'000};
constexpr std::chrono::hours kMargin{1};  // clocks differ

// What time can mend.
bool passing(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kThrottled:
    case ErrorKind::kServer:
    case ErrorKind::kUnreachable:
    case ErrorKind::kInterrupted:
    case ErrorKind::kTimeout:
    case ErrorKind::kMalformed: return true;
    case ErrorKind::kInvalid:
    case ErrorKind::kNotFound:
    case ErrorKind::kConflict:
    case ErrorKind::kUnauthorized:
    case ErrorKind::kForbidden:
    case ErrorKind::kUnsupported:
    case ErrorKind::kCancelled: return false;
  }
  __builtin_unreachable();
}

bool ended(JobState state) {
  switch (state) {
    case JobState::kFailed:
    case JobState::kCompleted:
    case JobState::kStopped:
    case JobState::kDeleting:
    case JobState::kDeleted:
    case JobState::kArchived: return true;
    case JobState::kStarting:
    case JobState::kRunning:
    case JobState::kStopping:
    case JobState::kRestarting:
    case JobState::kQueueing:
    case JobState::kAwaiting:
    case JobState::kPendingRetry:
    case JobState::kTerminating:
    case JobState::kUnknown: return false;
  }
  __builtin_unreachable();
}

// "abcde" is chat-abcde.
bool is_called(const std::string& id, const std::string& given) { return id == given || id.ends_with("-" + given); }

}  // namespace

LogReader::LogReader(LogParts parts, Workload workload, base::Timestamp begun, LogChoice choice)
    : parts_(std::move(parts)), workload_(std::move(workload)), begun_(begun), choice_(std::move(choice)), changed_(parts_.io) {}

void LogReader::show(const std::string& replica, const std::string& line) const {
  const std::string owner = workload_.name + "-";
  const std::string shorter = replica.starts_with(owner) ? replica.substr(owner.size()) : replica;
  parts_.line(several_ ? shorter : "", line);
}

ReplicaLog* LogReader::log_of(const std::string& replica) {
  Followed& one = logs_[replica];
  several_ = several_ || logs_.size() > 1;
  if (!one.log) {
    one.wait = kFirstWait;
    one.log = std::make_unique<ReplicaLog>(parts_.client, parts_.clock, workload_, replica, LogTail(choice_.tail),
                                           [this, replica](const std::string& line) { show(replica, line); });
  }
  return one.log.get();
}

Answer<bool> LogReader::over(Context context) {
  if (workload_.kind == Workload::Kind::kEndpoint) {
    const auto endpoint = co_await parts_.client.get_endpoint(context, workload_.name, workload_.family);
    if (endpoint) co_return endpoint->state == lepton::EndpointState::kDeleting;
    if (endpoint.error().kind == ErrorKind::kNotFound) co_return true;
    co_return endpoint.error();
  }
  const auto job = co_await parts_.client.get_job(context, workload_.name);
  if (job) co_return ended(job->state);
  if (job.error().kind == ErrorKind::kNotFound) co_return true;
  co_return job.error();
}

Answer<LogReader::Names> LogReader::replicas(Context context) {
  const Result<Names> all = co_await parts_.client.list_replicas(context, workload_);
  if (!all && all.error().kind == ErrorKind::kNotFound) co_return Names();
  if (!all || choice_.replica.empty()) co_return all;
  Names chosen;
  for (const std::string& id : *all) {
    if (is_called(id, choice_.replica)) chosen.push_back(id);
  }
  // One that was there and is gone is no mistake.
  if (!chosen.empty() || all->empty() || !logs_.empty()) co_return chosen;
  co_return Error{ErrorKind::kNotFound,
                  workload_.name + " has no replica \"" + base::clipped(choice_.replica, 80) + "\"; it has " + base::join(*all, ", ")};
}

Answer<std::vector<lepton::LogLine>> LogReader::ask(Context context, lepton::LogQuery query, std::string replica) {
  if (!replica.empty()) return lepton::search_replica_logs(parts_.client, context, workload_, query, replica);
  return parts_.client.search_logs(context, workload_, query);
}

Answer<std::size_t> LogReader::search(Context context, std::string replica) {
  const bool one_answer = choice_.tail && *choice_.tail <= static_cast<std::size_t>(kSearched);
  const int most = one_answer ? static_cast<int>(*choice_.tail) : kSearched;
  std::size_t found = 0;
  if (most == 0) co_return found;
  LogTail tail(choice_.tail);
  const base::Timestamp first = choice_.since ? parts_.clock.now() - *choice_.since : begun_ - kMargin;
  base::Timestamp from = std::max(first, base::Timestamp(std::chrono::seconds(1)));
  const base::Timestamp to = parts_.clock.now() + kMargin;
  std::vector<lepton::LogLine> before;  // of the last millisecond, which the next answer begins with again
  for (;;) {
    const lepton::LogQuery query{.from = from, .to = to, .most = most, .newest = one_answer};
    const Result<std::vector<lepton::LogLine>> lines = co_await ask(context, query, replica);
    if (!lines) co_return lines.error();
    std::size_t fresh = 0;
    for (const lepton::LogLine& line : *lines) {
      if (std::find(before.begin(), before.end(), line) != before.end()) continue;
      for (const std::string& now : tail.next(line.text)) show(replica, now);
      ++fresh;
    }
    found += fresh;
    if (one_answer || lines->size() < static_cast<std::size_t>(kSearched) || fresh == 0) break;
    const std::chrono::nanoseconds last(lines->back().at);
    from = base::Timestamp(std::chrono::floor<base::Milliseconds>(last));
    before.clear();
    for (const lepton::LogLine& line : *lines) {
      if (std::chrono::nanoseconds(line.at) >= from.time_since_epoch()) before.push_back(line);
    }
  }
  for (const std::string& line : tail.caught_up()) show(replica, line);
  co_return found;
}

Answer<> LogReader::read_stream(Context context, std::string replica) {
  const Result<End> end = co_await log_of(replica)->read(context);
  if (!end) co_return end.error();
  co_return base::Ok{};
}

Answer<> LogReader::read(Context context) {
  const Result<Names> names = co_await replicas(context);
  if (!names && !choice_.replica.empty()) co_return names.error();
  several_ = names && names->size() > 1;
  // One alone is not named: what its predecessors wrote is then found, too.
  const bool apart = several_ || !choice_.replica.empty();
  const Names sources = names && apart ? *names : Names{""};
  for (const std::string& source : sources) {
    const Result<std::size_t> found = co_await search(context, source);
    if (found && (*found > 0 || choice_.tail == 0u || choice_.since)) continue;
    if (choice_.since) {
      co_return Error{ErrorKind::kUnsupported,
                      "--since: the search of collected logs does not answer, and a stream has no times: " + found.error().what};
    }
    // Nothing collected, or a server without the search.
    if (!names) co_return names.error();
    const std::string replica = !source.empty() || names->empty() ? source : names->front();
    if (!replica.empty()) {
      const Result<> streamed = co_await read_stream(context, replica);
      if (!streamed) co_return streamed.error();
    } else if (!found && found.error().kind != ErrorKind::kNotFound) {
      co_return found.error();
    }
  }
  co_return base::Ok{};
}

boost::asio::awaitable<void> LogReader::follow_one(LogReader* self, Context context, Followed* one, bool last) {
  const std::size_t before = one->log->shown();
  const Result<End> end = co_await one->log->follow(context, last);
  if (one->log->shown() > before) one->wait = kFirstWait;
  one->whole = last && end && *end == End::kOfLog;
  one->lost = !end || *end == End::kBroken;
  if (!end && !passing(end.error()) && end.error().kind != ErrorKind::kNotFound) one->fatal = end.error();
  const base::Milliseconds pause = one->lost ? one->wait : kLook;
  if (one->lost) one->wait = std::min(one->wait * 2, kLongestWait);
  if (one->lost && !context.expired()) self->tell_of_losses(false);
  if (!one->whole && !one->fatal) co_await self->parts_.clock.sleep(context, pause);
  one->busy = false;
  self->changed_.notify();
}

std::optional<Error> LogReader::fatal() const {
  for (const auto& [replica, one] : logs_) {
    if (one.fatal) return one.fatal;
  }
  return std::nullopt;
}

bool LogReader::any_busy() const {
  return std::any_of(logs_.begin(), logs_.end(), [](const auto& each) { return each.second.busy; });
}

bool LogReader::all_whole(const Names& names) const {
  return !any_busy() && std::all_of(names.begin(), names.end(), [this](const std::string& name) { return logs_.at(name).whole; });
}

std::size_t LogReader::shown() const {
  std::size_t lines = 0;
  for (const auto& [replica, one] : logs_) lines += one.log->shown();
  return lines;
}

// Once, until all is well again.
void LogReader::tell_of_losses(bool unanswered) {
  const auto is_lost = [](const auto& each) { return each.second.lost; };
  const bool lost = unanswered || std::any_of(logs_.begin(), logs_.end(), is_lost);
  if (lost && !told_) parts_.note("the connection to the log was lost; opening it again");
  told_ = lost;
}

Answer<> LogReader::follow_all(Context context, base::TaskGroup* group) {
  base::Milliseconds unanswered = kFirstWait;
  while (!context.expired()) {
    // Asked before a connection: what it says after an end is then whole.
    const Result<bool> finished = co_await over(context);
    if (!finished && !passing(finished.error())) co_return finished.error();
    const Result<Names> names = co_await replicas(context);
    if (!names && !passing(names.error())) co_return names.error();
    if (const auto error = fatal()) co_return *error;
    if (context.expired()) break;
    tell_of_losses(!names);
    if (!names) {
      const Context soon = context.with_timeout(unanswered);
      unanswered = std::min(unanswered * 2, kLongestWait);
      co_await changed_.wait(soon);
      continue;
    }
    unanswered = kFirstWait;
    const bool last = finished && *finished;
    for (const std::string& name : *names) log_of(name);
    if (last && all_whole(*names)) {
      if (shown() == 0) {  // its replica is gone: what was collected
        logs_.clear();
        co_return co_await read(context);
      }
      break;
    }
    for (const std::string& name : *names) {
      Followed& one = logs_.at(name);
      if (one.busy || one.whole) continue;
      one.busy = true;
      group->spawn(follow_one(this, context, &one, last));
    }
    const Context soon = context.with_timeout(any_busy() ? kLookBeside : kLook);
    co_await changed_.wait(soon);
  }
  co_return base::Ok{};
}

Answer<> LogReader::follow(Context context) {
  const Context within = context.child();
  base::TaskGroup group(parts_.io);
  const Result<> outcome = co_await follow_all(within, &group);
  within.cancel();
  co_await group.join();
  for (auto& [replica, one] : logs_) one.log->end();
  co_return outcome;
}

}  // namespace lepton_operator::cli
