// Events (events.k8s.io/v1) about objects, for `kubectl describe` and `kubectl events`: never in the way of a reconcile.
//
// The same event again within 6 min becomes a series (count, lastObservedTime) by a patch, refreshed at most every 30 min while it goes on;
// at most 25 at once and one in 5 min per object in the long run. Sending is retried 12 times, 10 s apart, then the event is dropped.
// Events are best effort: a full queue (1,000) drops the oldest.
//
// Thread rule: domain thread only. Ends: cancel run()'s context; what is queued then is dropped.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "base/random.h"
#include "kube/api.h"

namespace lepton_operator::kube {

struct ObjectReference {
  std::string api_version;
  std::string kind;
  std::string namespace_;
  std::string name;
  std::string uid;
  std::string resource_version;
};

struct Event {
  ObjectReference regarding;
  bool warning = false;
  std::string reason;  // CamelCase
  std::string action;  // what was done, CamelCase
  std::string note;    // at most 1,024 bytes; longer ones are cut
};

class EventRecorder {
 public:
  EventRecorder(boost::asio::io_context& io, Api& api, base::Clock& clock, base::Random& random, std::string controller,
                std::string instance);
  ~EventRecorder();

  void record(Event event);
  boost::asio::awaitable<void> run(Context context);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lepton_operator::kube
