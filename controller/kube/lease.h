// Leader election by a coordination.k8s.io/v1 Lease, so that of several replicas one acts.
//
// 15 s lease, 10 s renew deadline, 2 s retry with jitter (client-go's figures); whoever waits for the lead looks every second, so that one
// that is given back is taken up at once. A lease is taken over when it was not renewed for its
// duration as observed here, by our own monotonic clock: the holder's timestamps are never compared with ours. may_write() is true only
// until the renew deadline of our last successful renewal: no external write begins after it, even if this process was stopped meanwhile
// (the clock includes the time of a suspend).
//
// Thread rule: domain thread only. Ends: release() after the workers stopped, so that the next leader need not wait.
#pragma once

#include <functional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/log.h"
#include "base/random.h"
#include "kube/api.h"

namespace lepton_operator::kube {

struct LeaseOptions {
  std::string namespace_;
  std::string name;
  std::string identity;  // unique for each process
  base::Milliseconds duration{15'000};
  base::Milliseconds renew_deadline{10'000};
  base::Milliseconds retry{2'000};     // of the leader
  base::Milliseconds stand_by{1'000};  // of the others
};

class LeaderElector {
 public:
  LeaderElector(Api& api, base::Clock& clock, base::Random& random, base::Log& log, LeaseOptions options);

  // Until the context ends: tries to lead, renews. `started` when leading begins; `lost` when it ended against our will (the process should
  // then end: what it has in memory may be stale), after which it returns.
  boost::asio::awaitable<void> run(Context context, std::function<void()> started, std::function<void()> lost);

  bool leading() const { return leading_; }
  bool may_write() const;  // leading, and before the renew deadline
  // After run() ended; nothing when we do not lead. At once no longer leading, whatever the API server answers.
  boost::asio::awaitable<void> release(Context context);
  const std::string& holder() const { return observed_holder_; }

 private:
  boost::asio::awaitable<bool> try_acquire_or_renew(Context context);
  boost::asio::awaitable<bool> write(Context context, std::optional<Json> seen);
  boost::asio::awaitable<bool> give_back(Context context);
  void observe(const Json& lease);
  bool held_by_other() const;
  base::Milliseconds until_next_try();
  void note_failure(const base::Error& error);
  void stop_leading(const std::function<void()>& lost);

  Api& api_;
  base::Clock& clock_;
  base::Random& random_;
  base::Log& log_;
  LeaseOptions options_;
  bool leading_ = false;
  base::Timestamp renewed_at_{};  // when our last successful renewal was begun
  std::string observed_version_;  // the lease's spec: who edits its labels does not renew it
  std::string observed_holder_;
  base::Timestamp observed_at_{};  // when we first saw observed_version_
  base::Milliseconds observed_duration_{};
  std::string last_failure_;  // so that one that lasts is logged once
};

}  // namespace lepton_operator::kube
