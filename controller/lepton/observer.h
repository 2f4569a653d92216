// The one poller of a workspace: lists endpoints and our jobs, keeps the View, and wakes those whose objects changed.
//
// Interested parties say how closely they need a look (set_interest); the pace is that of the closest: 2 s while an endpoint or a cleanup
// is awaited, 10 s while only jobs run, 30 s when nothing is expected; jitter only shortens. Polls take at most half of the token bucket,
// so the interval stretches before they starve the rest; that of 10 s also where more than 12,500 objects are to be listed. Whoever wrote
// to Lepton calls look_soon(), which hastens the next look.
//
// Thread rule: domain thread only. Ends: cancel the context given to run(). A failed look changes nothing but last_error().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include <boost/asio/awaitable.hpp>

#include "base/async.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "lepton/client.h"
#include "lepton/known_specs.h"
#include "lepton/view.h"

namespace lepton_operator::lepton {

// How many parties want what: whether the strongest wish changes is known without asking them all.
class Demand {
 public:
  void add(const Interest& interest) { count(interest, 1); }
  void remove(const Interest& interest) { count(interest, -1); }
  Interest strongest() const;

 private:
  void count(const Interest& interest, int by);

  std::map<Pace, int> paces_;
  int archive_ = 0;
  int other_family_ = 0;
};

struct ObserverOptions {
  base::Milliseconds close{2'000};
  base::Milliseconds jobs{10'000};
  base::Milliseconds idle{30'000};
  std::string job_selector;  // our mark: "lepton-operator.install=<id>"
  std::string owner_label;   // the label whose value identifies whom to wake: "lepton-operator.uid"
  // Labels of jobs that the view keeps, since finished jobs stay for days; empty: all.
  std::set<std::string> job_labels = {};
};

class Observer {
 public:
  // `on_change(owner)` is called for each owner label value whose objects changed in a look, and with "" after each look (complete or
  // failed).
  Observer(boost::asio::io_context& io, Client& client, base::Clock& clock, base::Random& random, ObserverOptions options,
           std::function<void(const std::string& owner)> on_change);

  boost::asio::awaitable<void> run(Context context);

  void set_interest(const std::string& party, Interest interest);  // Interest{} removes the party
  // Which routes serve endpoints. What was seen through the others before stays in the view while anybody is interested in them.
  void set_family(ApiFamily family);
  // The next look starts at once, though no sooner than 200 ms after the start of the latest (a second, if that listed two thousand
  // objects), never later than it would anyway, and still within its half of the bucket.
  void look_soon();

  const View& view() const { return view_; }
  std::uint64_t version() const { return version_; }                            // of the view: it is what it was for as long as this is
  const std::optional<base::Error>& last_error() const { return last_error_; }  // of the latest look; nothing when it was complete
  bool lists_read() const { return lists_read_; }  // in the latest look, each of them, though not everything in them may be understood

 private:
  // One list of a look, and when it was asked for.
  template <class T>
  struct Asked {
    Timestamp begun{};
    Result<Decoded<T>> answer = base::Error{base::ErrorKind::kCancelled, "not asked"};

    bool complete() const { return answer && answer->malformed == 0; }
  };
  struct Look {
    Asked<Endpoint> endpoints;
    ApiFamily family = ApiFamily::kDeployments;  // whose routes were asked for them
    std::optional<Asked<Endpoint>> others;       // the other family's
    Asked<Job> alive;
    std::optional<Asked<Job>> archive;  // alive jobs and archived ones
  };
  // How many objects each list held when it was answered last; 0 while nobody asks for it.
  struct Sizes {
    std::int64_t endpoints = 0;
    std::int64_t others = 0;
    std::int64_t alive = 0;
    std::int64_t archive = 0;

    std::int64_t sum() const { return endpoints + others + alive + archive; }
  };
  using Owners = std::set<std::string>;
  using JobsById = std::unordered_map<std::string_view, const Job*>;
  struct ShownJob {
    const Job* job = nullptr;  // null: as the view has it, but for `archived`
    bool archived = false;
    std::uint64_t print = 0;
  };
  using ShownJobs = std::unordered_map<std::string_view, ShownJob>;

  boost::asio::awaitable<void> look(Context context);
  static boost::asio::awaitable<void> ask_endpoints(Observer& self, Context context, ApiFamily family, Asked<Endpoint>& asked);
  static boost::asio::awaitable<void> ask_jobs(Observer& self, Context context, Look& look);
  boost::asio::awaitable<void> rest(Context context, Timestamp begun);

  void take(const Look& look);
  void take_endpoints(const Asked<Endpoint>& asked, ApiFamily family, Owners& changed);
  void take_others(const Look& look, Owners& changed);
  void take_endpoint(const Endpoint& endpoint, ApiFamily family, Owners& changed);
  void count_error(SeenEndpoint& known, Owners& changed) const;  // of one whose text did not change
  template <class T>
  static void note_size(const Asked<T>& asked, std::int64_t& size);
  template <class T>
  static void note_size(const std::optional<Asked<T>>& asked, std::int64_t& size);
  void note_prints(const Look& look);
  void take_jobs(const Look& look, Owners& changed);
  static ShownJobs shown_jobs(const Look& look, const JobsById& before);
  void trim(Job& job) const;
  void remove_job(const Job& gone);
  void note_owner(const Labels& labels, Owners& owners) const;
  std::optional<base::Error> first_error(const Look& look) const;

  base::Milliseconds interval() const;
  base::Milliseconds shortest_interval() const;  // polls take at most half of the token bucket
  Interest strongest() const { return demand_.strongest(); }

  boost::asio::io_context& io_;
  Client& client_;
  base::Clock& clock_;
  base::Random& random_;
  ObserverOptions options_;
  std::function<void(const std::string&)> on_change_;
  base::Signal hurry_;
  bool look_soon_ = false;
  int requests_of_last_look_ = 0;
  Sizes listed_;                 // in the last look
  base::Milliseconds taken_{0};  // what was made of it
  base::Thrift decoded_;         // objects, in all looks
  std::map<std::string, Interest> interests_;
  Demand demand_;     // of all of them
  KnownSpecs specs_;  // of the view
  View view_;
  std::uint64_t version_ = 0;
  // By their texts, what of the view stands in it as its own list showed it last: of the workspace's own family, and of jobs.
  Prints known_endpoints_;
  Prints known_jobs_;
  const Prints nothing_known_;
  std::optional<base::Error> last_error_;
  bool lists_read_ = false;
};

}  // namespace lepton_operator::lepton
