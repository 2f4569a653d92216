// Ten hours of a workspace that fails now and then: 200 Invocations come, run and go, in driven time. What came of it is read from the
// simulator's dump: that it did fail, that requests kept within the token bucket, that a job which a gateway made twice lived no longer
// than two rounds, and that in the end nothing is left.
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "reconcile/operator.h"
#include "support/repeats.h"
#include "unit/reconcile/bench.h"

namespace lepton_operator::reconcile::test {
namespace {

using base::Timestamp;
using invocation::Phase;

constexpr int kAtOnce = 10;  // they come in bursts, so that the bucket has something to hold back
const int kBursts = support::repeats(20);
const int kInvocations = kBursts * kAtOnce;
constexpr std::chrono::minutes kBetweenBursts{26};
const std::chrono::minutes kAll = kBursts * kBetweenBursts + 80min;
constexpr double kPerSecond = 5;
constexpr double kBurst = 20;
constexpr std::chrono::seconds kRetryAfter{3};

const ObjectKey kWorkspace{"team", "default"};

simulator::FaultRule fault(double chance, int status, bool after_commit) {
  simulator::FaultRule rule;
  rule.chance = chance;
  rule.status = status;
  rule.times = 0;
  rule.after_commit = after_commit;
  return rule;
}

// One of the dump's requests.
struct Sent {
  std::size_t sequence = 0;
  Timestamp at;
  std::string method;
  std::string path;
  std::string mode;  // job_query_mode
  std::string name;  // of what it creates
  int status = 0;
  std::string note;

  bool met_fault() const { return !note.empty(); }
};

std::vector<Sent> requests_of(const Json& dump) {
  std::vector<Sent> all;
  for (const Json& item : base::elements(base::find(dump, "requests"))) {
    Sent sent;
    sent.sequence = static_cast<std::size_t>(base::get_int(item, "sequence").value_or(0));
    sent.at = *base::parse_timestamp(base::get_string(item, "at").value_or(""));
    sent.method = base::get_string(item, "method").value_or("");
    sent.path = base::get_string(item, "path").value_or("");
    const std::vector<std::string> mode = base::get_strings(base::get_object(item, "query"), "job_query_mode");
    if (!mode.empty()) sent.mode = mode.front();
    sent.name = base::get_string(base::get_object(base::get_object(item, "body"), "metadata"), "name").value_or("");
    sent.status = static_cast<int>(base::get_int(item, "status").value_or(0));
    sent.note = base::get_string(item, "note").value_or("");
    all.push_back(std::move(sent));
  }
  return all;
}

struct MadeJob {
  std::string id;
  Timestamp created;
  std::optional<Timestamp> deleted;
};

std::map<std::string, std::vector<MadeJob>> jobs_by_name(const Json& dump) {
  std::map<std::string, std::vector<MadeJob>> jobs;
  for (const char* list : {"jobs", "archived_jobs", "deleted_jobs"}) {
    for (const Json& item : base::elements(base::find(dump, list))) {
      const auto deleted = base::get_string(item, "deleted_at");
      jobs[base::get_string(item, "name").value_or("")].push_back(
          {base::get_string(item, "id").value_or(""), *base::parse_timestamp(base::get_string(item, "created_at").value_or("")),
           deleted ? base::parse_timestamp(*deleted) : std::nullopt});
    }
  }
  return jobs;
}

class Endurance : public testing::Test {
 protected:
  Endurance() : bench_(options()), chance_(base::make_seeded_random(11)) {
    bench_.store.put_secret({"team", "lepton"}, {{"credentials", "ws-sim:sim-token"}});
    bench_.store.put_workspace(
        kWorkspace, "{credentialsSecretRef: {name: lepton}, url: \"" + bench_.url() + "\", limits: {requestsPerSecond: 5, burst: 20}}");
    OperatorParts parts{bench_.io,
                        bench_.clock,
                        *bench_.random,
                        bench_.log,
                        bench_.store,
                        bench_.keys,
                        bench_.snapshot,
                        catalogue_,
                        bench_.transports(),
                        {},
                        "11111111-2222-3333-4444-555555555555",
                        {},
                        hooks(),
                        {}};
    operator_ = std::make_unique<Operator>(std::move(parts));
    stop_ = bench_.root.child();
    ended_ = bench_.start(operator_->run(*stop_));
    begun_ = bench_.clock.now();
  }
  ~Endurance() override {
    stop_->cancel();
    bench_.pass(10s);
    EXPECT_TRUE(ended_->has_value());
  }

  static simulator::Options options() {
    simulator::Options options;
    options.ready_delay = 2min;
    options.start_delay = 10s;
    options.run_delay = 12min;
    options.delete_delay = 20s;
    options.seed = 42;
    return options;
  }
  Hooks hooks() {
    Hooks hooks;
    hooks.duplicate_deleted = [this] { ++duplicates_deleted_; };
    hooks.directory_removed = [this] { ++directories_removed_; };
    return hooks;
  }

  // 1 % 5xx, of which half took effect all the same; 1 % that took effect and are never answered; 0.5 % 429.
  void begin_to_fail() {
    bench_.simulator.add_fault(fault(0.005, 503, false));
    bench_.simulator.add_fault(fault(0.005, 500, true));
    simulator::FaultRule silent = fault(0.01, 0, true);
    silent.silent = true;
    bench_.simulator.add_fault(silent);
    simulator::FaultRule throttled = fault(0.005, 429, false);
    throttled.retry_after = std::to_string(kRetryAfter.count());
    bench_.simulator.add_fault(throttled);
    // A gateway that sends one job in twenty on twice: that no client can prevent.
    bench_.transport->on_call([this](const base::HttpRequest& request) -> std::optional<simulator::Fault> {
      if (request.method != base::Method::kPost || !request.path.ends_with("/jobs") || chance_->unit() >= 0.05) return std::nullopt;
      bench_.simulator.handle(
          {"POST", request.path, {}, {{"authorization", "Bearer sim-token"}, {"content-type", "application/json"}}, request.body});
      by_gateway_.insert(bench_.simulator.requests().back().sequence);
      return std::nullopt;
    });
  }

  static ObjectKey key(int number) { return {"team", "run-" + std::to_string(number)}; }
  static std::string manifest(int number) {
    std::string text = "deployment: {type: nim, image: \"nvcr.io/nim/meta/llama:1.8\", servedModelName: m, resourceShape: gpu.1xh200}\n";
    text += "evaluation: {tasks: [";
    for (int task = 0; task <= number % 3; ++task) text += "{name: task-" + std::to_string(task) + ", container: \"eval:1\"}, ";
    return text + "]}\n";
  }

  // Every fourth is deleted while it comes up or runs, the others when they had time to end.
  void run() {
    std::multimap<base::Milliseconds, std::function<void()>> events;
    for (int i = 0; i < kInvocations; ++i) {
      const base::Milliseconds arrival = (i / kAtOnce) * kBetweenBursts;
      const bool early = i % 4 == 2;
      const double part = chance_->unit();
      const base::Milliseconds life = early ? base::Milliseconds(static_cast<int>(part * 20 * 60'000))
                                            : 50min + base::Milliseconds(static_cast<int>(part * 25 * 60'000));
      events.emplace(arrival, [this, i] { bench_.store.put_invocation(key(i), manifest(i)); });
      events.emplace(arrival + life, [this, i, early] {
        if (!early) note_end(i);
        bench_.store.delete_invocation(key(i));
      });
    }
    for (const auto& [when, happen] : events) {
      bench_.pass(begun_ + when - bench_.clock.now());
      happen();
    }
    bench_.pass(begun_ + kAll - bench_.clock.now());
  }

  void note_end(int number) {
    const auto object = bench_.store.find_invocation(key(number));
    ASSERT_NE(object, nullptr);
    EXPECT_EQ(object->status.phase, Phase::kSucceeded) << number << ": " << invocation::to_string(object->status.phase);
    if (object->status.phase == Phase::kSucceeded) ++succeeded_;
  }

  Bench bench_;
  invocation::Catalogue catalogue_;
  std::unique_ptr<base::Random> chance_;
  std::unique_ptr<Operator> operator_;
  std::optional<base::Context> stop_;
  std::shared_ptr<std::optional<base::Result<>>> ended_;
  Timestamp begun_;
  std::set<std::size_t> by_gateway_;
  int succeeded_ = 0;
  int duplicates_deleted_ = 0;
  int directories_removed_ = 0;
};

constexpr std::string_view kStorage = "/shared/nemo-evaluator-launcher-workspace/";

void expect_nothing_left(const Json& dump) {
  EXPECT_GT(static_cast<int>(dump.at("deleted_deployments").size()), kInvocations * 7 / 4);
  EXPECT_GT(static_cast<int>(dump.at("deleted_jobs").size()), kInvocations * 3 / 2);
  for (const char* kind : {"deployments", "jobs", "archived_jobs", "secrets"}) {
    EXPECT_EQ(dump.at(kind).size(), 0u) << kind << ": " << base::to_text(dump.at(kind)).substr(0, 1000);
  }
  for (const std::string& path : base::get_strings(dump.at("storage"), "lepton-shared-fs")) {
    EXPECT_FALSE(path.starts_with(kStorage) && path.size() > kStorage.size()) << path;
  }
}

// That they fit in every window follows from a bucket that starts full, refills at the rate, and never runs dry.
void expect_within_bucket(const std::vector<Sent>& requests, const std::set<std::size_t>& not_ours) {
  double tokens = kBurst;
  double lowest = kBurst;
  std::optional<Timestamp> before;
  for (const Sent& sent : requests) {
    if (not_ours.contains(sent.sequence)) continue;
    if (before) tokens = std::min(kBurst, tokens + kPerSecond * std::chrono::duration<double>(sent.at - *before).count());
    before = sent.at;
    tokens -= 1;
    lowest = std::min(lowest, tokens);
  }
  EXPECT_GE(lowest, -1e-6) << "more requests than the bucket holds";
  EXPECT_LT(lowest, 1) << "the bucket never had to hold anything back";
}

void expect_pauses_kept(const std::vector<Sent>& requests, const std::set<std::size_t>& not_ours) {
  std::optional<Timestamp> until;
  for (const Sent& sent : requests) {
    if (not_ours.contains(sent.sequence)) continue;
    if (until) {
      EXPECT_GE(sent.at, *until) << sent.method << " " << sent.path << " before Retry-After had passed";
    }
    if (sent.status == 429) until = sent.at + kRetryAfter;
  }
}

struct Faults {
  int server = 0;
  int silent = 0;
  int throttled = 0;
  int retries = 0;  // of what changes something, after it met one
};

Faults count_faults(const std::vector<Sent>& requests, const std::set<std::size_t>& not_ours) {
  Faults faults;
  std::set<std::string> failed;
  for (const Sent& sent : requests) {
    if (not_ours.contains(sent.sequence)) continue;
    const std::string what = sent.method + " " + sent.path + " " + sent.name;
    if (sent.method != "GET" && failed.erase(what) > 0) ++faults.retries;
    if (!sent.met_fault()) continue;
    failed.insert(what);
    if (sent.note == "silent") {
      ++faults.silent;
    } else {
      ++(sent.status == 429 ? faults.throttled : faults.server);
    }
  }
  return faults;
}

// Rounds of the observer that begin after `from` and not after `to`. Between two of them lies its interval; a list's further pages, and
// looks that are due sooner since something was just changed, belong to the round before.
int rounds(const std::vector<Sent>& requests, Timestamp from, Timestamp to) {
  int count = 0;
  std::optional<Timestamp> last;
  for (const Sent& sent : requests) {
    const bool look = sent.method == "GET" && sent.path == "/jobs" && sent.mode == "alive_only" && !sent.met_fault();
    if (!look || sent.at <= from || sent.at > to || (last && sent.at - *last < OperatorOptions{}.poll_close)) continue;
    last = sent.at;
    ++count;
  }
  return count;
}

// What was asked about a job from its creation on, for whoever has to find out why it stayed.
std::string story_of(const std::vector<Sent>& requests, const MadeJob& job) {
  std::string story = job.id + " made at " + base::format_timestamp(job.created);
  for (const Sent& sent : requests) {
    const bool look = sent.method == "GET" && sent.path == "/jobs";
    if (sent.at < job.created || sent.at > job.created + 60s || (!look && sent.path != "/jobs/" + job.id)) continue;
    story += "\n  " + base::format_timestamp(sent.at) + " " + sent.method + " " + sent.path + " " + sent.mode + " -> " +
             std::to_string(sent.status) + " " + sent.note;
  }
  return story;
}

TEST_F(Endurance, TenHoursOfFaultsLeaveNothingAndNoJobTwice) {
  begin_to_fail();
  run();
  for (int i = 0; i < kInvocations; ++i) EXPECT_EQ(bench_.store.find_invocation(key(i)), nullptr) << i;
  EXPECT_EQ(succeeded_, kInvocations * 3 / 4);
  EXPECT_GE(directories_removed_, kInvocations * 3 / 4);

  const Json dump = bench_.simulator.dump();
  const std::vector<Sent> requests = requests_of(dump);
  expect_nothing_left(dump);
  expect_within_bucket(requests, by_gateway_);
  expect_pauses_kept(requests, by_gateway_);

  const Faults faults = count_faults(requests, by_gateway_);
  const double all = static_cast<double>(requests.size());
  const auto margin = [all](double chance) { return 3.8 * std::sqrt(chance / all); };  // standard deviations
  EXPECT_NEAR(faults.server / all, 0.01, margin(0.01));
  EXPECT_NEAR(faults.silent / all, 0.01, margin(0.01));
  EXPECT_NEAR(faults.throttled / all, 0.005, margin(0.005));
  EXPECT_GT(faults.retries, kInvocations / 10);

  std::map<std::string, int> copies;  // by name: what the gateway sent on, whether or not it took effect
  for (const Sent& sent : requests) copies[sent.name] += by_gateway_.contains(sent.sequence) ? 1 : 0;
  int duplicates = 0;
  int answered = 0;
  for (auto& [name, made] : jobs_by_name(dump)) {
    EXPECT_LE(made.size(), 1u + static_cast<std::size_t>(copies[name])) << name << ": the operator itself made one twice";
    std::sort(made.begin(), made.end(),
              [](const MadeJob& a, const MadeJob& b) { return std::pair(a.created, a.id) < std::pair(b.created, b.id); });
    for (std::size_t i = 1; i < made.size(); ++i) {
      ++duplicates;
      ASSERT_TRUE(made[i].deleted.has_value()) << made[i].id;
      Timestamp removal = *made[i].deleted;
      bool told = false;
      for (const Sent& sent : requests) {
        if (sent.method != "DELETE" || sent.path != "/jobs/" + made[i].id) continue;
        removal = std::min(removal, sent.at);
        told = told || !sent.met_fault();
      }
      answered += told ? 1 : 0;
      EXPECT_LE(rounds(requests, made[i].created, removal), 2) << story_of(requests, made[i]);
    }
  }
  EXPECT_GE(duplicates, kInvocations / 25);
  EXPECT_EQ(duplicates_deleted_, answered) << "the metric counts each once whose removal was answered";
  std::cout << requests.size() << " requests: " << faults.server << " answered 5xx, " << faults.silent << " never answered, "
            << faults.throttled << " answered 429, " << faults.retries << " changes sent again; " << duplicates
            << " jobs that were made twice, " << duplicates_deleted_ << " removals of such that were answered; " << succeeded_
            << " succeeded.\n";
}

}  // namespace
}  // namespace lepton_operator::reconcile::test
