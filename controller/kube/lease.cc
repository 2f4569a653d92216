#include "kube/lease.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "kube/micro_time.h"

namespace lepton_operator::kube {

namespace {

using base::Error;
using base::ErrorKind;
using base::Milliseconds;
using base::Timestamp;

// Only ever shortens: a takeover must not come later because of it.
constexpr double kJitter = 0.2;
constexpr int kReleaseTries = 3;

Resource leases() { return Resource{"coordination.k8s.io", "v1", "leases"}; }

Json new_lease(const LeaseOptions& options) {
  Json lease = base::json_object();
  lease["apiVersion"] = Json::string("coordination.k8s.io/v1");
  lease["kind"] = Json::string("Lease");
  lease["metadata"]["namespace"] = Json::string(options.namespace_);
  lease["metadata"]["name"] = Json::string(options.name);
  return lease;
}

// The lease that was read, with another spec; what the server keeps for itself is not sent back.
Json with_spec(Json lease, Json spec) {
  Json metadata = base::get_object(lease, "metadata");
  if (base::find(metadata, "managedFields")) metadata.erase("managedFields");
  lease["metadata"] = std::move(metadata);
  lease["spec"] = std::move(spec);
  return lease;
}

std::string holder_of(const Json& lease) { return base::get_string(base::get_object(lease, "spec"), "holderIdentity").value_or(""); }

std::int32_t whole_seconds(Milliseconds duration) {
  return static_cast<std::int32_t>(std::chrono::ceil<std::chrono::seconds>(duration).count());
}

// What we write to hold the lease: to renew it when it is ours, else to take it over from `seen`.
Json held(const LeaseOptions& options, const std::optional<Json>& seen, Timestamp now) {
  const Json lease = seen ? *seen : new_lease(options);
  Json spec = base::get_object(lease, "spec");
  const Json time = Json::string(format_micro_time(now));
  if (!seen || holder_of(lease) != options.identity) {
    const std::int64_t before = base::get_int(spec, "leaseTransitions").value_or(0);
    spec["leaseTransitions"] = Json::number(seen ? before + 1 : 0);
    spec["acquireTime"] = time;
  }
  spec["holderIdentity"] = Json::string(options.identity);
  spec["leaseDurationSeconds"] = Json::number(whole_seconds(options.duration));
  spec["renewTime"] = time;
  return with_spec(lease, std::move(spec));
}

// Free at once, for whoever looks next.
Json given_back(const Json& lease, Timestamp now) {
  Json spec = base::get_object(lease, "spec");
  spec["holderIdentity"] = Json::string("");
  spec["leaseDurationSeconds"] = Json::number(1);
  spec["acquireTime"] = Json::string(format_micro_time(now));
  spec["renewTime"] = Json::string(format_micro_time(now));
  return with_spec(lease, std::move(spec));
}

}  // namespace

LeaderElector::LeaderElector(Api& api, base::Clock& clock, base::Random& random, base::Log& log, LeaseOptions options)
    : api_(api), clock_(clock), random_(random), log_(log), options_(std::move(options)) {}

bool LeaderElector::may_write() const { return leading_ && clock_.now() < renewed_at_ + options_.renew_deadline; }

boost::asio::awaitable<void> LeaderElector::run(Context context, std::function<void()> started, std::function<void()> lost) {
  while (!context.expired()) {
    // Also after this process was stopped for a while: what it knew then is not asked for again, it has lost.
    if (leading_ && !may_write()) co_return stop_leading(lost);
    const bool led_before = leading_;
    const Milliseconds patience = leading_ ? renewed_at_ + options_.renew_deadline - clock_.now() : options_.renew_deadline;
    const Context attempt = context.with_timeout(patience);
    const bool held_now = co_await try_acquire_or_renew(attempt);
    if (held_now) leading_ = true;
    if (context.expired()) break;
    if (leading_ && !led_before) {
      log_.info("leading", {{"lease", options_.namespace_ + "/" + options_.name}, {"identity", options_.identity}});
      started();
    }
    if (leading_ && observed_holder_ != options_.identity) co_return stop_leading(lost);
    const Milliseconds pause = until_next_try();
    co_await clock_.sleep(context, pause);
  }
}

void LeaderElector::stop_leading(const std::function<void()>& lost) {
  leading_ = false;
  const bool taken = observed_holder_ != options_.identity;
  log_.error(taken ? "another process holds the lease" : "the lease was not renewed in time",
             {{"lease", options_.namespace_ + "/" + options_.name}, {"identity", options_.identity}, {"holder", observed_holder_}});
  lost();
}

Milliseconds LeaderElector::until_next_try() {
  const double factor = 1 - kJitter * random_.unit();
  const Milliseconds whole = leading_ ? options_.retry : options_.stand_by;
  const Milliseconds retry{static_cast<Milliseconds::rep>(static_cast<double>(whole.count()) * factor)};
  const Timestamp moment = leading_ ? renewed_at_ + options_.renew_deadline : observed_at_ + observed_duration_;
  const Milliseconds left = moment - clock_.now();
  return left > Milliseconds{0} ? std::min(retry, left) : retry;
}

bool LeaderElector::held_by_other() const {
  const bool other = !observed_holder_.empty() && observed_holder_ != options_.identity;
  return other && clock_.now() < observed_at_ + observed_duration_;
}

void LeaderElector::observe(const Json& lease) {
  const Json& spec = base::get_object(lease, "spec");
  std::string version = base::to_text(spec);
  if (version == observed_version_) return;
  observed_version_ = std::move(version);
  observed_at_ = clock_.now();
  // The holder says for how long it may believe to lead; one that says nothing is given our own time.
  const std::int64_t seconds = base::get_int(spec, "leaseDurationSeconds").value_or(0);
  observed_duration_ = seconds > 0 ? Milliseconds{std::chrono::seconds{seconds}} : options_.duration;
  const std::string holder = holder_of(lease);
  const bool news = holder != observed_holder_ && !holder.empty() && holder != options_.identity;
  observed_holder_ = holder;
  if (news) log_.info("another process leads", {{"lease", options_.namespace_ + "/" + options_.name}, {"holder", holder}});
}

boost::asio::awaitable<bool> LeaderElector::try_acquire_or_renew(Context context) {
  const ObjectName name{options_.namespace_, options_.name};
  Result<Json> read = co_await api_.get(context, leases(), name);
  std::optional<Json> seen;
  if (read) {
    observe(*read);
    seen = std::move(read).value();
    // One who led and finds another (or nobody) there has lost, whatever the time.
    if (held_by_other() || (leading_ && observed_holder_ != options_.identity)) co_return false;
  } else if (read.error().kind != ErrorKind::kNotFound) {
    if (!context.cancelled()) note_failure(read.error());
    co_return false;
  }
  const bool written = co_await write(context, std::move(seen));
  co_return written;
}

boost::asio::awaitable<bool> LeaderElector::write(Context context, std::optional<Json> seen) {
  const Timestamp begun = clock_.now();
  const ObjectName name{options_.namespace_, options_.name};
  Json lease = held(options_, seen, begun);
  Result<Json> written = Error{};
  if (seen) {
    written = co_await api_.replace(context, leases(), name, "", std::move(lease));
  } else {
    written = co_await api_.create(context, leases(), options_.namespace_, std::move(lease));
  }
  if (!written) {
    // A conflict: somebody was faster, which the next look shows.
    if (written.error().kind != ErrorKind::kConflict && !context.cancelled()) note_failure(written.error());
    co_return false;
  }
  renewed_at_ = begun;
  last_failure_.clear();
  observe(*written);
  co_return true;
}

void LeaderElector::note_failure(const Error& error) {
  if (std::exchange(last_failure_, error.text()) == error.text()) return;
  log_.warn(leading_ ? "the lease could not be renewed" : "the lease could not be had",
            {{"lease", options_.namespace_ + "/" + options_.name}, {"error", error.text()}});
}

boost::asio::awaitable<void> LeaderElector::release(Context context) {
  if (!std::exchange(leading_, false)) co_return;
  for (int tries = 0; tries < kReleaseTries && !context.expired(); ++tries) {
    const bool done = co_await give_back(context);
    if (done) co_return;
  }
}

boost::asio::awaitable<bool> LeaderElector::give_back(Context context) {
  const ObjectName name{options_.namespace_, options_.name};
  Result<Json> read = co_await api_.get(context, leases(), name);
  if (read && holder_of(*read) != options_.identity) co_return true;
  if (!read && read.error().kind == ErrorKind::kNotFound) co_return true;
  Result<Json> written = Error{};
  if (read) {
    Json lease = given_back(*read, clock_.now());
    written = co_await api_.replace(context, leases(), name, "", std::move(lease));
  } else {
    written = read.error();
  }
  if (!written) {
    if (written.error().kind != ErrorKind::kConflict) note_failure(written.error());
    co_return false;
  }
  observe(*written);
  log_.info("gave the lease back", {{"lease", options_.namespace_ + "/" + options_.name}});
  co_return true;
}

}  // namespace lepton_operator::kube
