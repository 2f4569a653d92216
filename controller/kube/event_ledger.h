// Which events are to be told to the API server: new ones, and the count of those that come again. No I/O; time is passed in.
//
// An event that comes again within 6 min belongs to its series, which is told at its second occurrence, then every 30 min, and when it is
// over. New ones are limited per object (25 at once, one in 5 min in the long run); a full queue drops its oldest. Thread rule: domain
// thread only. Owner: EventRecorder.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "base/random.h"
#include "base/time.h"
#include "kube/recorder.h"

namespace lepton_operator::kube {

struct EventSeries {
  Event event;       // empty once it is told, until it comes again: thousands are remembered, and hardly one does
  std::string key;   // a print of what makes it the same
  std::string name;  // the object's, chosen once: a creation that was tried twice makes one
  base::Timestamp first;
  base::Timestamp last;
  int count = 1;
  int told = 0;  // the count that the API server knows; 0 before the creation
  base::Timestamp told_at{};
  bool queued = false;  // or being sent
};

class EventLedger {
 public:
  explicit EventLedger(base::Random& random) : random_(random) {}

  void add(Event event, base::Timestamp now);
  // Ends series that are quiet, tells of those that go on. To be called about once a minute.
  void tend(base::Timestamp now);

  // The oldest to be sent; null when there is none. To be answered by told() or given_up().
  std::shared_ptr<EventSeries> next();
  void told(const std::shared_ptr<EventSeries>& series, int count, base::Timestamp now);
  void given_up(const std::shared_ptr<EventSeries>& series, base::Timestamp now);

  std::size_t queued() const { return queue_.size(); }
  std::size_t remembered() const { return current_.size() + buckets_.size(); }

 private:
  struct Bucket {
    double tokens;
    base::Timestamp filled_at;
    void fill(base::Timestamp now);
  };

  bool allowed(const ObjectReference& object, base::Timestamp now);
  void push(const std::shared_ptr<EventSeries>& series);
  void forget(const std::shared_ptr<EventSeries>& series);
  void end(const std::shared_ptr<EventSeries>& series);

  base::Random& random_;
  std::map<std::string, std::shared_ptr<EventSeries>> current_;
  std::map<std::string, Bucket> buckets_;
  std::deque<std::shared_ptr<EventSeries>> queue_;
};

}  // namespace lepton_operator::kube
