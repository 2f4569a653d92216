#include "kube/event_ledger.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "kube/event_object.h"

namespace lepton_operator::kube {

namespace {

using base::Timestamp;

constexpr std::chrono::minutes kSeriesEndsAfter{6};
constexpr std::chrono::minutes kRefresh{30};
constexpr std::size_t kLongestQueue = 1'000;
constexpr double kBurst = 25;
constexpr std::chrono::seconds kOneEach{300};
constexpr std::size_t kPrint = 32;  // 128 bits

std::string object_key(const ObjectReference& object) {
  return object.kind + "\n" + object.namespace_ + "\n" + object.name + "\n" + object.uid;
}

std::string event_key(const Event& event) {
  const std::string whole =
      object_key(event.regarding) + "\n" + (event.warning ? "W" : "N") + "\n" + event.reason + "\n" + event.action + "\n" + event.note;
  return base::sha256_hex(whole).substr(0, kPrint);
}

bool all_told(const EventSeries& series) { return series.told == series.count; }

}  // namespace

void EventLedger::Bucket::fill(Timestamp now) {
  const double passed = std::chrono::duration<double>(now - filled_at).count();
  tokens = std::min(kBurst, tokens + passed / std::chrono::duration<double>(kOneEach).count());
  filled_at = now;
}

bool EventLedger::allowed(const ObjectReference& object, Timestamp now) {
  Bucket& bucket = buckets_.try_emplace(object_key(object), Bucket{kBurst, now}).first->second;
  bucket.fill(now);
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

void EventLedger::add(Event event, Timestamp now) {
  event = within_limits(std::move(event));
  const std::string key = event_key(event);
  if (const auto known = current_.find(key); known != current_.end()) {
    const std::shared_ptr<EventSeries> series = known->second;
    if (now - series->last < kSeriesEndsAfter) {
      if (all_told(*series)) series->event = std::move(event);
      ++series->count;
      series->last = now;
      if (series->told == 1) push(series);
      return;
    }
    end(series);
  }
  if (!allowed(event.regarding, now)) return;
  auto series = std::make_shared<EventSeries>();
  series->name = event_name(event.regarding, random_.hex(8));
  series->event = std::move(event);
  series->key = key;
  series->first = series->last = now;
  current_.emplace(key, series);
  push(series);
}

void EventLedger::tend(Timestamp now) {
  std::vector<std::shared_ptr<EventSeries>> over;
  for (const auto& [key, series] : current_) {
    const bool news = series->told > 0 && series->count > series->told;
    if (now - series->last >= kSeriesEndsAfter) {
      over.push_back(series);
    } else if (news && now - series->told_at >= kRefresh) {
      push(series);
    }
  }
  for (const auto& series : over) end(series);
  for (auto& [key, bucket] : buckets_) bucket.fill(now);
  std::erase_if(buckets_, [](const auto& entry) { return entry.second.tokens >= kBurst; });
}

std::shared_ptr<EventSeries> EventLedger::next() {
  if (queue_.empty()) return nullptr;
  std::shared_ptr<EventSeries> series = std::move(queue_.front());
  queue_.pop_front();
  return series;
}

void EventLedger::told(const std::shared_ptr<EventSeries>& series, int count, Timestamp now) {
  const bool created = series->told == 0;
  series->queued = false;
  series->told = count;
  series->told_at = now;
  // What came again while it was sent: its second occurrence, or the last word on a series that is over.
  const auto current = current_.find(series->key);
  const bool over = current == current_.end() || current->second != series;
  if (series->count > count && (created || over)) push(series);
  if (all_told(*series)) series->event = {};
}

void EventLedger::given_up(const std::shared_ptr<EventSeries>& series, Timestamp now) {
  series->queued = false;
  if (series->told == 0) return forget(series);
  series->told = series->count;
  series->told_at = now;
  series->event = {};
}

void EventLedger::push(const std::shared_ptr<EventSeries>& series) {
  if (std::exchange(series->queued, true)) return;
  if (queue_.size() >= kLongestQueue) {
    const std::shared_ptr<EventSeries> oldest = next();
    oldest->queued = false;
    if (oldest->told == 0) forget(oldest);
  }
  queue_.push_back(series);
}

void EventLedger::forget(const std::shared_ptr<EventSeries>& series) {
  const auto current = current_.find(series->key);
  if (current != current_.end() && current->second == series) current_.erase(current);
}

void EventLedger::end(const std::shared_ptr<EventSeries>& series) {
  forget(series);
  if (series->told > 0 && series->count > series->told) push(series);
}

}  // namespace lepton_operator::kube
