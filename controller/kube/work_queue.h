// Keys waiting to be reconciled.
//
// A key is never handed out twice at once: one that is added while it is being worked on is handed out again after done(). Failures
// come back later and later (1 s doubling to 5 min, ±10 %), success forgets them. Bursts of one key cost one reconcile.
//
//   while (auto key = co_await queue.next()) {
//     if (!co_await reconcile(*key)) queue.add_failed(*key);
//     queue.done(*key);
//   }
//
// Thread rule: domain thread only. Ends: close() makes every waiting next() return nullopt; keys still queued are dropped, since the
// store will offer them again at the next start.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "base/async.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/random.h"

namespace lepton_operator::kube {

struct WorkQueueStats {
  std::size_t depth = 0;  // ready to be handed out
  std::size_t delayed = 0;
  std::size_t working = 0;
  base::Milliseconds oldest_waiting{0};  // of those ready
  std::uint64_t adds = 0;                // ever
  std::uint64_t retries = 0;             // ever
};

class WorkQueue {
 public:
  using Key = std::string;

  WorkQueue(boost::asio::io_context& io, base::Clock& clock, base::Random& random);
  ~WorkQueue();

  void add(const Key& key);
  void add_after(const Key& key, base::Milliseconds delay);  // the earliest of several requests wins
  void add_failed(const Key& key);                           // after its backoff

  boost::asio::awaitable<std::optional<Key>> next();
  void done(const Key& key);  // forgets earlier failures unless add_failed() was called since next()
  void close();

  WorkQueueStats stats() const;
  void on_wait(std::function<void(base::Milliseconds)> observe) { observe_wait_ = std::move(observe); }  // of each key, as it is handed out

 private:
  struct Ready {
    Key key;
    base::Timestamp since;
  };
  struct Delayed {
    base::Timestamp at;
    base::Context::Registration timer;
  };
  struct Working {
    bool dirty = false;
    bool failed = false;
  };

  base::Clock& clock_;
  base::Random& random_;
  base::Signal ready_signal_;
  base::Context open_;  // cancelled by close()
  std::deque<Ready> ready_;
  std::set<Key> queued_;  // the keys of ready_
  std::map<Key, Working> working_;
  std::map<Key, Delayed> delayed_;
  std::map<Key, base::Backoff> failures_;
  std::uint64_t adds_ = 0;
  std::uint64_t retries_ = 0;
  std::function<void(base::Milliseconds)> observe_wait_;
};

}  // namespace lepton_operator::kube
