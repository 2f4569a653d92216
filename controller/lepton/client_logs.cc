// Logs: what each replica writes, as a stream, and what was collected of all of them.
#include "lepton/answers.h"
#include "lepton/client.h"
#include "lepton/log_search.h"

namespace lepton_operator::lepton {

using base::Error;
using base::ErrorKind;
using base::HttpResponse;
using base::HttpStream;
using base::Method;

namespace {

constexpr std::size_t kMostRefusal = 64u << 10;

std::string route_of(const Workload& workload) {
  const std::string below = workload.kind == Workload::Kind::kJob ? "jobs" : to_string(workload.family);
  return "/" + below + "/" + base::encode_segment(workload.name);
}

const char* parameter_of(const Workload& workload) {
  if (workload.kind == Workload::Kind::kJob) return "job";
  return workload.family == ApiFamily::kEndpoints ? "endpoint" : "deployment";
}

std::string nanoseconds(Timestamp at) {
  return std::to_string(std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count());
}

using Parameters = std::vector<std::pair<std::string, std::string>>;

Parameters parameters_of(const Workload& workload, const LogQuery& query) {
  Parameters parameters = {{parameter_of(workload), workload.name},
                           {"start", nanoseconds(query.from)},
                           {"end", nanoseconds(query.to)},
                           {"limit", std::to_string(query.most)},
                           {"direction", query.newest ? "backward" : "forward"}};
  if (workload.kind == Workload::Kind::kJob) parameters.emplace_back("job_query_mode", "alive_and_archive");
  return parameters;
}

}  // namespace

Answer<std::vector<std::string>> Client::list_replicas(Context context, Workload workload) {
  Call asked = call(Method::kGet, route_of(workload) + "/replicas");
  if (workload.kind == Workload::Kind::kJob) asked.request.query.emplace_back("job_query_mode", "alive_and_archive");
  const Result<Json> body = co_await send_json(context, std::move(asked));
  if (!body) co_return body.error();
  co_return replica_ids_of(*body);
}

Answer<std::unique_ptr<HttpStream>> Client::open_log(Context context, Workload workload, std::string replica) {
  Call asked = call(Method::kGet, route_of(workload) + "/replicas/" + base::encode_segment(replica) + "/log");
  if (refused_locally()) co_return token_refused(credentials_.workspace_id, 0);
  const bool allowed = co_await limiter_.acquire(context);
  if (!allowed) co_return Error{ErrorKind::kCancelled, "not sent in time: " + asked.asked};
  const Context deadline = context.with_timeout(kReadDeadline);
  Result<std::unique_ptr<HttpStream>> stream = co_await transport_->open(deadline, std::move(asked.request));
  if (!stream) {
    Error error = stream.error();
    error.what = "no answer from lepton to " + asked.asked + ": " + error.what;
    co_return error;
  }
  HttpResponse head = (*stream)->head();
  note_answer(head);
  if (head.success()) co_return stream;
  while (head.body.size() < kMostRefusal) {  // why, as far as it comes
    const Result<std::string> bytes = co_await (*stream)->read(deadline);
    if (!bytes || bytes->empty()) break;
    head.body += *bytes;
  }
  const Asked about{asked.asked, credentials_.workspace_id, false, std::move(asked.secrets), {}, false};
  co_return refusal(head, about, clock_.now());
}

Answer<std::vector<LogLine>> Client::search_logs(Context context, Workload workload, LogQuery query) {
  Call asked = call(Method::kGet, "/logs");
  asked.request.query = parameters_of(workload, query);
  const Result<Json> body = co_await send_json(context, std::move(asked));
  if (!body) co_return body.error();
  co_return log_lines_of(*body);
}

Answer<std::vector<LogLine>> search_replica_logs(Client& client, Context context, Workload workload, LogQuery query, std::string replica) {
  Parameters parameters = parameters_of(workload, query);
  parameters.emplace_back("replica", std::move(replica));
  const Result<Json> body = co_await client.read(context, "/logs", parameters);
  if (!body) co_return body.error();
  co_return log_lines_of(*body);
}

}  // namespace lepton_operator::lepton
