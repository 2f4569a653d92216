#include "cli/log_reader.h"

#include <algorithm>
#include <utility>

namespace lepton_operator::cli {

using base::Error;
using base::ErrorKind;
using lepton::JobState;
using lepton::Workload;

namespace {

constexpr int kSearched = 5'000;               // lines an answer
constexpr base::Milliseconds kLook{300};       // until a replica is there
constexpr base::Milliseconds kFirstWait{100};  // after a lost connection
constexpr base::Milliseconds kLongestWait{5'000};
constexpr base::Milliseconds kSilence{2'000};  // of a stream that has said all that there is now
constexpr std::chrono::hours kMargin{1};       // clocks differ

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

}  // namespace

LogReader::LogReader(LogParts parts, Workload workload, base::Timestamp begun)
    : parts_(std::move(parts)), workload_(std::move(workload)), begun_(begun) {}

void LogReader::take(const std::string& bytes) {
  rest_ += bytes;
  std::size_t from = 0;
  for (std::size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', from)) {
    std::string line = rest_.substr(from, end - from);
    if (line.ends_with('\r')) line.pop_back();
    from = end + 1;
    for (const std::string& fresh : resume_.next(std::move(line))) parts_.line(fresh);
  }
  rest_.erase(0, from);
}

// A log's last line need not have an end.
void LogReader::flush() {
  if (!rest_.empty()) take("\n");
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

Answer<std::size_t> LogReader::search(Context context) {
  std::size_t found = 0;
  base::Timestamp from = std::max(begun_ - kMargin, base::Timestamp(std::chrono::seconds(1)));
  const base::Timestamp to = parts_.clock.now() + kMargin;
  std::vector<lepton::LogLine> before;  // of the last millisecond, which the next answer begins with again
  for (;;) {
    const lepton::LogQuery query{.from = from, .to = to, .most = kSearched};
    const Result<std::vector<lepton::LogLine>> lines = co_await parts_.client.search_logs(context, workload_, query);
    if (!lines) co_return lines.error();
    std::size_t fresh = 0;
    for (const lepton::LogLine& line : *lines) {
      if (std::find(before.begin(), before.end(), line) != before.end()) continue;
      parts_.line(line.text);
      ++fresh;
    }
    found += fresh;
    if (lines->size() < static_cast<std::size_t>(kSearched) || fresh == 0) co_return found;
    const std::chrono::nanoseconds last(lines->back().at);
    from = base::Timestamp(std::chrono::floor<base::Milliseconds>(last));
    before.clear();
    for (const lepton::LogLine& line : *lines) {
      if (std::chrono::nanoseconds(line.at) >= from.time_since_epoch()) before.push_back(line);
    }
  }
}

Answer<std::string> LogReader::replica(Context context) {
  const Result<std::vector<std::string>> replicas = co_await parts_.client.list_replicas(context, workload_);
  if (!replicas && replicas.error().kind == ErrorKind::kNotFound) co_return std::string();
  if (!replicas) co_return replicas.error();
  co_return replicas->empty() ? std::string() : replicas->front();
}

Answer<LogReader::End> LogReader::stream(Context context, std::string replica, bool whole) {
  Result<std::unique_ptr<base::HttpStream>> opened = co_await parts_.client.open_log(context, workload_, replica);
  if (!opened) co_return opened.error();
  const std::unique_ptr<base::HttpStream> log = std::move(opened).value();
  rest_.clear();
  resume_.reconnected();
  for (;;) {
    const Context patience = whole ? context : context.with_timeout(kSilence);
    const Result<std::string> bytes = co_await log->read(patience);
    if (!bytes) co_return !whole && bytes.error().kind == ErrorKind::kTimeout ? End::kQuiet : End::kBroken;
    if (bytes->empty()) break;
    take(*bytes);
  }
  flush();
  co_return End::kOfLog;
}

Answer<> LogReader::read(Context context) {
  const Result<std::size_t> found = co_await search(context);
  if (found && *found > 0) co_return base::Ok{};
  // Nothing collected, or a server without the search.
  const Result<std::string> first = co_await replica(context);
  if (!first) co_return first.error();
  if (first->empty()) co_return base::Ok{};
  const Result<End> end = co_await stream(context, *first, false);
  if (!end) co_return end.error();
  flush();
  co_return base::Ok{};
}

Answer<> LogReader::follow(Context context) {
  base::Milliseconds wait = kFirstWait;
  bool told = false;
  while (!context.expired()) {
    // Asked before the connection: what it says after an end is then whole.
    const Result<bool> finished = co_await over(context);
    if (!finished && !passing(finished.error())) co_return finished.error();
    const Result<std::string> name = co_await replica(context);
    if (!name && !passing(name.error())) co_return name.error();
    Result<End> end = End::kBroken;
    const bool there = name && !name->empty();
    if (there) {
      const std::size_t before = resume_.shown();
      end = co_await stream(context, *name, true);
      if (!end && !passing(end.error()) && end.error().kind != ErrorKind::kNotFound) co_return end.error();
      if (resume_.shown() > before) wait = kFirstWait;
    }
    if (context.expired()) break;
    const bool whole = there && end && *end == End::kOfLog;
    if (finished && *finished && (whole || (name && !there))) {
      if (resume_.shown() == 0) co_return co_await read(context);  // its replica is gone: what was collected
      break;
    }
    const bool lost = !name || (there && (!end || *end == End::kBroken));
    if (lost && !std::exchange(told, true)) parts_.note("the connection to the log was lost; opening it again");
    if (!lost) told = false;
    const base::Milliseconds pause = lost ? wait : kLook;
    if (lost) wait = std::min(wait * 2, kLongestWait);
    co_await parts_.clock.sleep(context, pause);
  }
  co_return base::Ok{};
}

}  // namespace lepton_operator::cli
