#include "kube/work_queue.h"

#include <algorithm>

namespace lepton_operator::kube {

namespace {

constexpr std::chrono::seconds kFirstRetry{1};
constexpr std::chrono::minutes kLongestRetry{5};

}  // namespace

WorkQueue::WorkQueue(boost::asio::io_context& io, base::Clock& clock, base::Random& random)
    : clock_(clock), random_(random), ready_signal_(io), open_(clock) {}

WorkQueue::~WorkQueue() = default;

void WorkQueue::add(const Key& key) {
  if (open_.cancelled()) return;
  ++adds_;
  if (const auto working = working_.find(key); working != working_.end()) {
    working->second.dirty = true;
    return;
  }
  if (!queued_.insert(key).second) return;
  ready_.push_back({key, clock_.now()});
  ready_signal_.notify();
}

void WorkQueue::add_after(const Key& key, base::Milliseconds delay) {
  if (open_.cancelled()) return;
  if (delay <= base::Milliseconds{0}) return add(key);
  const base::Timestamp at = clock_.now() + delay;
  const auto known = delayed_.find(key);
  if (known != delayed_.end() && known->second.at <= at) return;
  Delayed& delayed = delayed_[key];
  delayed.at = at;
  delayed.timer = clock_.at(at, [this, key] {
    delayed_.erase(key);
    add(key);
  });
}

void WorkQueue::add_failed(const Key& key) {
  if (open_.cancelled()) return;
  if (const auto working = working_.find(key); working != working_.end()) working->second.failed = true;
  ++retries_;
  base::Backoff& backoff = failures_.try_emplace(key, kFirstRetry, kLongestRetry).first->second;
  add_after(key, backoff.next(random_));
}

boost::asio::awaitable<std::optional<WorkQueue::Key>> WorkQueue::next() {
  while (!open_.cancelled()) {
    if (!ready_.empty()) {
      Key key = std::move(ready_.front().key);
      if (observe_wait_) observe_wait_(clock_.now() - ready_.front().since);
      ready_.pop_front();
      queued_.erase(key);
      working_.emplace(key, Working{});
      co_return key;
    }
    co_await ready_signal_.wait(open_);
  }
  co_return std::nullopt;
}

void WorkQueue::done(const Key& key) {
  const auto working = working_.find(key);
  if (working == working_.end()) return;
  const Working ended = working->second;
  working_.erase(working);
  if (!ended.failed) failures_.erase(key);
  if (ended.dirty) add(key);
}

void WorkQueue::close() {
  open_.cancel();
  delayed_.clear();
  ready_.clear();
  queued_.clear();
}

WorkQueueStats WorkQueue::stats() const {
  WorkQueueStats stats{.depth = ready_.size(), .delayed = delayed_.size(), .working = working_.size(), .adds = adds_, .retries = retries_};
  if (!ready_.empty()) stats.oldest_waiting = clock_.now() - ready_.front().since;
  return stats;
}

}  // namespace lepton_operator::kube
