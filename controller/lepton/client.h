// The Lepton workspace client: one method a route, typed in and out, on an injected transport.
//
// Every request passes the token bucket and the circuit breaker: after a 401 nothing is sent but one probe at 30 s, doubling to 5 min, and
// callers get kUnauthorized at once. 429 with Retry-After pauses the bucket. The client itself never retries: whether that is safe is the
// caller's to know (design, rule 2); when it may, the retry budget says, which every answer feeds. Deadlines: 20 s for what creates,
// changes or deletes, 60 s for reads (the SDK has 120 s, section 1; a look that hangs holds up all), or the context's.
//
// Thread rule: domain thread only. Owned by the workspace connection (reconcile/); the transport, clock and log outlive it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/backoff.h"
#include "base/http.h"
#include "base/rate_limiter.h"
#include "base/retry_budget.h"
#include "lepton/codec.h"
#include "lepton/credentials.h"
#include "lepton/log_lines.h"
#include "lepton/types.h"

namespace lepton_operator::lepton {

using base::Context;
using base::Ok;
using base::Result;
template <class T = Ok>
using Answer = boost::asio::awaitable<Result<T>>;

inline constexpr std::chrono::seconds kWriteDeadline{20};
inline constexpr std::chrono::seconds kReadDeadline{60};

struct ClientOptions {
  double requests_per_second = 20;
  double burst = 50;
  std::function<bool()> may_write = {};  // the leader gate, asked when a request that is no read leaves; empty: always
  // Called after each request, for the metrics: method, resource ("deployments"), status (0: none), seconds.
  std::function<void(const char* method, const std::string& resource, int status, double seconds)> observe = {};
};

enum class JobScope { kAlive, kAliveAndArchive };

struct JobQuery {
  JobScope scope = JobScope::kAlive;
  std::string selector;  // label selector "key=value"; empty: none
};

// Whatever has a log.
struct Workload {
  enum class Kind { kJob, kEndpoint } kind = Kind::kJob;
  std::string name;                            // a job's id, an endpoint's name
  ApiFamily family = ApiFamily::kDeployments;  // of an endpoint
};

struct LogQuery {
  Timestamp from{};  // both later than the epoch
  Timestamp to{};
  int most = 1'000;
  bool newest = false;  // of more lines than that: those at the end in place of those at the beginning
};

// What Lepton says of an endpoint in trouble. Log lines are the users' own output: they may hold secrets.
struct EndpointDiagnosis {
  std::vector<std::string> reasons;    // "ConfigError: CUDA out of memory (exit code 1)"
  std::vector<std::string> log_lines;  // at most 20, the latest last
};

// Why an endpoint is not Ready. The detail and the log lines are the users' own output too.
struct EndpointReason {
  EndpointTrouble trouble = EndpointTrouble::kNone;
  std::string detail;                  // "exit code 137 (OOMKilled)"
  std::vector<std::string> log_lines;  // of a crash: at most 3, the latest last
};

class Client {
 public:
  Client(std::shared_ptr<base::HttpTransport> transport, Credentials credentials, base::Clock& clock, base::Random& random,
         ClientOptions options);

  // Endpoints are asked of the routes of `family`: whoever asks knows where one was made or seen (section 0).

  // Reading. A list asks for page after page of 500 until an empty, repeated or short one. What is short the server's own
  // pages tell, not what was asked for: it may cap page_size.
  Answer<WorkspaceInfo> workspace(Context context);
  // With `known`, which outlives the call, what is in it is neither parsed nor decoded again but named in the answer's `unchanged`.
  Answer<Decoded<Endpoint>> list_endpoints(Context context, ApiFamily family = ApiFamily::kDeployments, const Prints* known = nullptr);
  Answer<Endpoint> get_endpoint(Context context, std::string name, ApiFamily family = ApiFamily::kDeployments);
  Answer<Decoded<Job>> list_jobs(Context context, JobQuery query, const Prints* known = nullptr);
  Answer<Job> get_job(Context context, std::string id);  // alive_and_archive
  Answer<Decoded<NodeGroup>> list_node_groups(Context context);
  Answer<Decoded<Secret>> list_secrets(Context context);
  // When our token expires; nothing when the workspace does not say. An optional route (section 1): no error of it means anything else.
  Answer<std::optional<Timestamp>> token_expiry(Context context);
  // Any other route that is only read, as it answers: what a diagnosis asks for (inventory.h). The path is not encoded here.
  Answer<Json> read(Context context, std::string path, std::vector<std::pair<std::string, std::string>> query);
  // What cannot be had of it is left out; an error only when nobody could be asked.
  Answer<EndpointDiagnosis> explain_endpoint(Context context, std::string name, ApiFamily family = ApiFamily::kDeployments);

  // Logs (sections 4, 6, 11): the users' own output, which may hold secrets. A replica's own log begins anew whenever it is asked for, and
  // need not end while the replica runs; its connection may be dropped at any time.
  Answer<std::vector<std::string>> list_replicas(Context context, Workload workload);
  Answer<std::unique_ptr<base::HttpStream>> open_log(Context context, Workload workload, std::string replica);
  Answer<std::vector<LogLine>> search_logs(Context context, Workload workload, LogQuery query);  // what was collected, by time
  // One request where Lepton says that capacity is missing, a handful where it crashes.
  Answer<EndpointReason> why_not_ready(Context context, std::string name, ApiFamily family = ApiFamily::kDeployments);

  // Changing. 404 on a removal is success: it is gone.
  // kConflict: the name exists (409, or 400 "already exists").
  Answer<> create_endpoint(Context context, EndpointSpec spec, ApiFamily family = ApiFamily::kDeployments);
  Answer<> scale_endpoint(Context context, std::string name, int min_replicas, int max_replicas,
                          ApiFamily family = ApiFamily::kDeployments);
  // Puts these fields back and touches no other.
  Answer<> update_endpoint(Context context, EndpointSpec spec, std::vector<EndpointField> fields,
                           ApiFamily family = ApiFamily::kDeployments);
  Answer<> delete_endpoint(Context context, std::string name, ApiFamily family = ApiFamily::kDeployments);
  Answer<Job> create_job(Context context, JobSpec spec);  // not idempotent (section 6)
  Answer<> stop_job(Context context, std::string id);
  Answer<> delete_job(Context context, std::string id);       // alive_and_archive
  Answer<> create_secret(Context context, NewSecret secret);  // kConflict: exists
  Answer<> delete_secret(Context context, std::string name);

  // Storage (section 8). `path` is absolute below the file system; its segments are encoded here; "/", "." and ".." are refused. A 404 to
  // remove_directory is kNotFound and not success: it may as well mean that there is no such file system or no storage API.
  Answer<std::vector<std::string>> list_file_systems(Context context);                      // kUnsupported / kNotFound: no storage API here
  Answer<bool> storage_exists(Context context, std::string file_system, std::string path);  // HEAD: 200 true, 404 false, else an error
  Answer<std::string> read_file(Context context, std::string file_system, std::string path);  // kNotFound: no file, file system or API
  Answer<> remove_directory(Context context, std::string file_system, std::string path);      // DELETE removeall=true

  const Credentials& credentials() const { return credentials_; }
  bool circuit_open() const;  // a 401 was answered and no later request succeeded
  // When a caller whose request failed, and who would ask again at `due`, may do so.
  base::Timestamp retry_turn(base::Timestamp due) { return budget_.turn(clock_.now(), due); }
  double available_tokens() const { return limiter_.available(); }
  double requests_per_second() const { return limiter_.per_second(); }

 private:
  struct Breaker {
    bool open = false;
    base::Timestamp probe_at{};
    base::Backoff backoff{std::chrono::seconds(30), std::chrono::minutes(5)};
  };

  // One request and what its sender needs besides.
  struct Call {
    base::HttpRequest request;
    std::string asked;                 // "GET /jobs/x": for sentences
    std::string resource;              // "jobs": for the metrics
    bool creating = false;             // then 400 "already exists" is a conflict
    bool updating = false;             // then 400 "no valid field to update" is success: all is so already (section 4)
    std::vector<std::string> secrets;  // an error never repeats an answer that holds one of these
    std::vector<std::string> values;   // perhaps secrets: taken out of what an error repeats
    bool secret_body = false;          // no answer to this request is repeated at all
    bool optional = false;             // an error is the route's, and says nothing of the token or of the server's health
  };
  struct Patch {
    Json body;                        // in the legacy family's form
    std::vector<std::string> values;  // as Call's
    bool secret = false;              // likewise
  };
  struct Leave;

  Call call(base::Method method, const std::string& path) const;
  Call call(base::Method method, const std::string& path, const Json& body) const;
  Answer<base::HttpResponse> send(Context context, Call call);
  Answer<Json> send_json(Context context, Call call);
  Answer<> send_removal(Context context, Call call);
  // On /endpoints that takes a read first: an update there replaces all components.
  Answer<> patch_endpoint(Context context, std::string name, Patch patch, ApiFamily family);
  Answer<std::vector<std::string>> endpoint_reasons(Context context, std::string route, ApiFamily family);
  Answer<std::vector<std::string>> last_log_lines(Context context, std::string name, ApiFamily family, std::size_t most);

  // Until the token was accepted once, few requests are out at a time, so that a wrong one costs few. False: the context ended first.
  boost::asio::awaitable<bool> enter(Context context);
  void leave();
  bool refused_locally() const;
  void note_answer(const base::HttpResponse& response);
  void note_load(const Result<base::HttpResponse>& response);  // for the retry budget

  std::shared_ptr<base::HttpTransport> transport_;
  Credentials credentials_;
  std::string base_path_;
  base::Clock& clock_;
  base::Random& random_;
  ClientOptions options_;
  base::RateLimiter limiter_;
  base::RetryBudget budget_;
  Breaker breaker_;
  bool accepted_ = false;  // the token, by the latest answer that tells
  int under_way_ = 0;
  std::size_t largest_page_ = 0;  // of jobs, ever seen: the server's pages hold so many at least
  std::vector<Context> waiting_;  // one for each caller that waits in enter(); cancelled to wake it
};

}  // namespace lepton_operator::lepton
