#include "cli/replica_log.h"

#include <utility>

namespace lepton_operator::cli {

using base::ErrorKind;

namespace {

constexpr base::Milliseconds kSilence{2'000};  // of a stream that has said all that there is now
constexpr base::Milliseconds kLull{500};       // the same of one that is read on: what comes in this time
constexpr std::size_t kLullBytes = 64u << 10;  // is less than this

}  // namespace

ReplicaLog::ReplicaLog(lepton::Client& client, base::Clock& clock, lepton::Workload workload, std::string replica, LogTail tail,
                       std::function<void(const std::string& line)> line)
    : client_(client),
      clock_(clock),
      workload_(std::move(workload)),
      replica_(std::move(replica)),
      tail_(std::move(tail)),
      line_(std::move(line)) {}

void ReplicaLog::show(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) line_(line);
}

void ReplicaLog::take(const std::string& bytes) {
  rest_ += bytes;
  std::size_t from = 0;
  for (std::size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', from)) {
    std::string line = rest_.substr(from, end - from);
    if (line.ends_with('\r')) line.pop_back();
    from = end + 1;
    for (std::string& fresh : resume_.next(std::move(line))) show(tail_.next(std::move(fresh)));
  }
  rest_.erase(0, from);
}

// A log's last line need not have an end.
void ReplicaLog::flush() {
  std::string line = std::exchange(rest_, {});
  if (line.ends_with('\r')) line.pop_back();
  if (line.empty()) return;
  for (std::string& fresh : resume_.rest(std::move(line))) show(tail_.next(std::move(fresh)));
}

void ReplicaLog::end() {
  if (at_end_) flush();
  show(tail_.caught_up());
}

Answer<ReplicaLog::End> ReplicaLog::catch_up(Context context, base::HttpStream* log) {
  for (;;) {
    const Context lull = context.with_timeout(kLull);
    std::size_t come = 0;
    while (!lull.expired()) {
      const Result<std::string> bytes = co_await log->read(lull);
      if (!bytes && bytes.error().kind != ErrorKind::kTimeout) co_return End::kBroken;
      if (!bytes) break;
      if (bytes->empty()) co_return End::kOfLog;
      come += bytes->size();
      take(*bytes);
    }
    if (context.expired()) co_return End::kBroken;
    if (come < kLullBytes) co_return End::kQuiet;
  }
}

Answer<ReplicaLog::End> ReplicaLog::read_on(Context context, base::HttpStream* log) {
  if (tail_.behind()) {
    const Result<End> caught = co_await catch_up(context, log);
    if (!caught || *caught != End::kQuiet) co_return caught;
    show(tail_.caught_up());
  }
  for (;;) {
    const Result<std::string> bytes = co_await log->read(context);
    if (!bytes) co_return End::kBroken;
    if (bytes->empty()) co_return End::kOfLog;
    take(*bytes);
  }
}

Answer<ReplicaLog::End> ReplicaLog::follow(Context context, bool last) {
  Result<std::unique_ptr<base::HttpStream>> opened = co_await client_.open_log(context, workload_, replica_);
  if (!opened) co_return opened.error();
  const std::unique_ptr<base::HttpStream> log = std::move(opened).value();
  rest_.clear();
  at_end_ = false;
  resume_.reconnected();
  const Result<End> end = co_await read_on(context, log.get());
  at_end_ = end && *end == End::kOfLog;
  if (at_end_ && last) flush();
  if (at_end_) show(tail_.caught_up());
  co_return end;
}

Answer<ReplicaLog::End> ReplicaLog::read(Context context) {
  Result<std::unique_ptr<base::HttpStream>> opened = co_await client_.open_log(context, workload_, replica_);
  if (!opened) co_return opened.error();
  const std::unique_ptr<base::HttpStream> log = std::move(opened).value();
  End end = End::kOfLog;
  for (;;) {
    const Context patience = context.with_timeout(kSilence);
    const Result<std::string> bytes = co_await log->read(patience);
    if (!bytes) end = bytes.error().kind == ErrorKind::kTimeout ? End::kQuiet : End::kBroken;
    if (!bytes || bytes->empty()) break;
    take(*bytes);
  }
  flush();
  this->end();
  co_return end;
}

}  // namespace lepton_operator::cli
