// Why an endpoint is not what it should be: the reasons that Lepton gives and the last lines of its log.
#include <algorithm>
#include <set>

#include "base/strings.h"
#include "base/utf8.h"
#include "lepton/client.h"
#include "lepton/log_lines.h"

namespace lepton_operator::lepton {

using base::ErrorKind;
using base::Method;

namespace {

constexpr std::size_t kMostReasons = 6;
constexpr std::size_t kLogLines = 20;
// A replica's log is a stream that need not end while the endpoint lives, and a search among all logs may be slow.
constexpr std::chrono::seconds kLogDeadline{10};

bool known_trouble(const std::string& reason) { return !reason.empty() && reason != "Ready" && reason != "InProgress"; }

void add_reason(std::string text, std::vector<std::string>& reasons) {
  const bool told = std::find(reasons.begin(), reasons.end(), text) != reasons.end();
  if (!told && reasons.size() < kMostReasons) reasons.push_back(std::move(text));
}

// readiness and termination: {replica id: [{reason, message, exit_code?}]}.
void add_reasons(const Json& body, std::vector<std::string>& reasons) {
  if (!body.is_object()) return;
  for (const auto& [replica, entries] : body.as_object()) {
    for (const Json& entry : base::elements(&entries)) {
      const std::string reason = base::get_string(entry, "reason").value_or("");
      const std::string message = base::get_string(entry, "message").value_or("");
      if (!known_trouble(reason) && message.empty()) continue;
      std::string text = reason.empty() || message.empty() ? reason + message : reason + ": " + message;
      if (const auto code = base::get_int(entry, "exit_code")) text += " (exit code " + std::to_string(*code) + ")";
      add_reason(std::move(text), reasons);
    }
  }
}

// events: [{type, reason, count, last_observed_time}]. The warnings, the latest first: of the earlier ones there may be many.
void add_warnings(const Json& body, std::vector<std::string>& reasons) {
  std::vector<std::pair<std::string, std::string>> warnings;
  for (const Json& event : base::elements(&body)) {
    const std::string reason = base::get_string(event, "reason").value_or("");
    if (base::get_string(event, "type") != "Warning" || reason.empty()) continue;
    const std::int64_t count = base::get_int(event, "count").value_or(1);
    const std::string often = count > 1 ? " (" + std::to_string(count) + " times)" : "";
    warnings.emplace_back(base::get_string(event, "last_observed_time").value_or(""), reason + often);
  }
  std::stable_sort(warnings.begin(), warnings.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  for (auto& [at, text] : warnings) add_reason(std::move(text), reasons);
}

// A program's output: it may be in any encoding, and begin or end within a character.
std::vector<std::string> last_lines(const std::string& text, std::size_t most) {
  std::vector<std::string> lines;
  std::size_t end = text.size();
  while (end > 0 && lines.size() < most) {
    const std::size_t newline = text.rfind('\n', end - 1);
    const std::size_t start = newline == std::string::npos ? 0 : newline + 1;
    if (end > start) lines.push_back(base::as_utf8(std::string_view(text).substr(start, end - start)));
    end = newline == std::string::npos ? 0 : newline;
  }
  std::reverse(lines.begin(), lines.end());
  return lines;
}

std::vector<std::string> last_lines(std::vector<LogLine> all, std::size_t most) {
  std::erase_if(all, [](const LogLine& line) { return line.text.empty(); });
  std::vector<std::string> lines;
  for (std::size_t i = all.size() - std::min(all.size(), most); i < all.size(); ++i) lines.push_back(std::move(all[i].text));
  return lines;
}

// We did not reach anybody who could know: asking again later may help.
bool nobody_asked(ErrorKind kind) {
  return kind == ErrorKind::kUnreachable || kind == ErrorKind::kUnauthorized || kind == ErrorKind::kCancelled ||
         kind == ErrorKind::kThrottled;
}

}  // namespace

// The new family has neither readiness nor termination: its events are all that tells.
Answer<std::vector<std::string>> Client::endpoint_reasons(Context context, std::string route, ApiFamily family) {
  std::vector<std::string> reasons;
  const bool events_only = family == ApiFamily::kEndpoints;
  const std::vector<std::string> legacy{"/readiness", "/termination"};
  const std::vector<std::string> parts = events_only ? std::vector<std::string>{"/events"} : legacy;
  for (const std::string& part : parts) {
    Call request = call(Method::kGet, route + part);
    const Result<Json> body = co_await send_json(context, std::move(request));
    if (!body && nobody_asked(body.error().kind)) co_return body.error();
    if (body && events_only) add_warnings(*body, reasons);
    if (body && !events_only) add_reasons(*body, reasons);
  }
  co_return reasons;
}

Answer<EndpointDiagnosis> Client::explain_endpoint(Context context, std::string name, ApiFamily family) {
  EndpointDiagnosis diagnosis;
  const std::string route = "/" + std::string(to_string(family)) + "/" + base::encode_segment(name);
  Result<std::vector<std::string>> reasons = co_await endpoint_reasons(context, route, family);
  if (!reasons) co_return reasons.error();
  diagnosis.reasons = std::move(reasons).value();
  Result<std::vector<std::string>> lines = co_await last_log_lines(context, name, family, kLogLines);
  if (lines) diagnosis.log_lines = std::move(lines).value();
  co_return diagnosis;
}

Answer<std::vector<std::string>> Client::last_log_lines(Context context, std::string name, ApiFamily family, std::size_t most) {
  std::vector<std::string> lines;
  Call logs = call(Method::kGet, "/logs");
  logs.request.query.emplace_back(family == ApiFamily::kEndpoints ? "endpoint" : "deployment", name);
  logs.request.query.emplace_back("limit", std::to_string(most));
  Context log_deadline = context.with_timeout(kLogDeadline);
  const Result<Json> streams = co_await send_json(log_deadline, std::move(logs));
  if (streams) lines = last_lines(log_lines_of(*streams), most);
  if (!lines.empty()) co_return lines;
  // Nothing collected, or a server without the search: the first replica's own log.
  const std::string route = "/" + std::string(to_string(family)) + "/" + base::encode_segment(name) + "/replicas";
  Call replicas = call(Method::kGet, route);
  const Result<Json> listed = co_await send_json(context, std::move(replicas));
  const std::vector<std::string> ids = listed ? replica_ids_of(*listed) : std::vector<std::string>{};
  if (ids.empty()) co_return lines;
  Call log = call(Method::kGet, route + "/" + base::encode_segment(ids.front()) + "/log");
  Context soon = context.with_timeout(kLogDeadline);
  const Result<base::HttpResponse> text = co_await send(soon, std::move(log));
  if (text) lines = last_lines(text->body, most);
  co_return lines;
}

}  // namespace lepton_operator::lepton
