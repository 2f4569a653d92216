// Why an endpoint is not Ready yet: what /readiness says, and where that says nothing, /termination and /events (contract, section 4).
// The new family has events only (section 5).
#include <algorithm>

#include "lepton/client.h"

namespace lepton_operator::lepton {

using base::Method;

namespace {

constexpr std::size_t kCrashLines = 3;

EndpointTrouble trouble_named(const std::string& reason) {
  if (reason == "NoCapacity") return EndpointTrouble::kNoCapacity;
  if (reason == "Queueing") return EndpointTrouble::kQueueing;
  if (reason == "ConfigError") return EndpointTrouble::kConfig;
  if (reason == "SystemError") return EndpointTrouble::kSystem;
  if (reason == "RequireReadinessApproval") return EndpointTrouble::kApproval;
  return EndpointTrouble::kNone;
}

// What a person should hear of first: a mistake, a crash, then what only takes time.
int weight(EndpointTrouble trouble) {
  switch (trouble) {
    case EndpointTrouble::kConfig:
    case EndpointTrouble::kImagePull: return 4;
    case EndpointTrouble::kCrash: return 3;
    case EndpointTrouble::kSystem: return 2;
    case EndpointTrouble::kApproval:
    case EndpointTrouble::kNoCapacity:
    case EndpointTrouble::kQueueing: return 1;
    case EndpointTrouble::kNone: return 0;
  }
  return 0;
}

bool only_waits(EndpointTrouble trouble) { return weight(trouble) == 1; }

void consider(EndpointReason& known, EndpointTrouble trouble, const std::string& detail) {
  if (weight(trouble) <= weight(known.trouble)) return;
  known.trouble = trouble;
  known.detail = detail;
}

// As the kubelet names them: ErrImagePull, ImagePullBackOff, InvalidImageName.
bool of_image(const std::string& text) {
  return text.find("ImagePull") != std::string::npos || text.find("InvalidImageName") != std::string::npos;
}

void read_readiness(const Json& body, EndpointReason& reason) {
  if (!body.is_object()) return;
  for (const auto& [replica, issues] : body.as_object()) {
    for (const Json& issue : base::elements(&issues)) {
      const std::string message = base::get_string(issue, "message").value_or("");
      const std::string word = base::get_string(issue, "reason").value_or("");
      consider(reason, of_image(message) ? EndpointTrouble::kImagePull : trouble_named(word), message);
    }
  }
}

// The latest end of any replica.
void read_termination(const Json& body, EndpointReason& reason) {
  if (!body.is_object()) return;
  std::int64_t latest = -1;
  std::string detail;
  for (const auto& [replica, ends] : body.as_object()) {
    for (const Json& end : base::elements(&ends)) {
      const std::int64_t at = base::get_int(end, "finished_at").value_or(0);
      if (at <= latest) continue;
      latest = at;
      detail = "exit code " + std::to_string(base::get_int(end, "exit_code").value_or(0));
      const std::string word = base::get_string(end, "reason").value_or("");
      const std::string message = base::get_string(end, "message").value_or("");
      const std::string why = word.empty() || message.empty() ? word + message : word + ": " + message;
      if (!why.empty()) detail += " (" + why + ")";
    }
  }
  if (latest >= 0) consider(reason, EndpointTrouble::kCrash, detail);
}

// As the kubelet and the scheduler word them.
EndpointTrouble trouble_of_event(const std::string& word, ApiFamily family) {
  if (of_image(word)) return EndpointTrouble::kImagePull;
  if (family == ApiFamily::kDeployments) return EndpointTrouble::kNone;  // of these readiness and termination tell more
  if (word == "FailedScheduling" || word == "NoCapacity") return EndpointTrouble::kNoCapacity;
  return word == "BackOff" || word == "CrashLoopBackOff" ? EndpointTrouble::kCrash : EndpointTrouble::kNone;
}

void read_events(const Json& body, ApiFamily family, EndpointReason& reason) {
  for (const Json& event : base::elements(&body)) {
    const std::string word = base::get_string(event, "reason").value_or("");
    if (base::get_string(event, "type").value_or("") != "Warning") continue;
    const std::int64_t count = base::get_int(event, "count").value_or(1);
    consider(reason, trouble_of_event(word, family), count > 1 ? word + ", " + std::to_string(count) + " times" : word);
  }
}

bool cannot_say(const base::Error& error) {
  return error.kind == base::ErrorKind::kNotFound || error.kind == base::ErrorKind::kUnsupported;
}

}  // namespace

Answer<EndpointReason> Client::why_not_ready(Context context, std::string name, ApiFamily family) {
  EndpointReason reason;
  const std::string route = "/" + std::string(to_string(family)) + "/" + base::encode_segment(name);
  if (family == ApiFamily::kDeployments) {
    Call readiness = call(Method::kGet, route + "/readiness");
    const Result<Json> issues = co_await send_json(context, std::move(readiness));
    if (!issues && !cannot_say(issues.error())) co_return issues.error();
    if (issues) read_readiness(*issues, reason);
    if (only_waits(reason.trouble)) co_return reason;
    Call termination = call(Method::kGet, route + "/termination");
    const Result<Json> ends = co_await send_json(context, std::move(termination));
    if (ends) read_termination(*ends, reason);
  }
  Call events = call(Method::kGet, route + "/events");
  const Result<Json> told = co_await send_json(context, std::move(events));
  if (!told && family == ApiFamily::kEndpoints && !cannot_say(told.error())) co_return told.error();
  if (told) read_events(*told, family, reason);
  if (reason.trouble != EndpointTrouble::kCrash) co_return reason;
  Result<std::vector<std::string>> lines = co_await last_log_lines(context, name, family, kCrashLines);
  if (lines) reason.log_lines = std::move(lines).value();
  co_return reason;
}

}  // namespace lepton_operator::lepton
