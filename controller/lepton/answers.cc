#include "lepton/answers.h"

#include <algorithm>

#include "base/redactor.h"
#include "base/strings.h"

namespace lepton_operator::lepton {

namespace {

using base::Error;
using base::ErrorKind;

constexpr std::size_t kShownBody = 200;

bool says_already_exists(const std::string& body) { return base::lower(body).find("already exists") != std::string::npos; }

ErrorKind kind_of(int status, const std::string& body, bool creating) {
  const bool duplicate = creating && (status == 400 || status == 422) && says_already_exists(body);
  if (duplicate) return ErrorKind::kConflict;
  if (status < 400) return ErrorKind::kMalformed;  // redirects are not followed; whether it took effect is unknown
  if (status == 401) return ErrorKind::kUnauthorized;
  if (status == 403) return ErrorKind::kForbidden;
  if (status == 404) return ErrorKind::kNotFound;
  if (status == 405 || status == 501) return ErrorKind::kUnsupported;
  if (status == 408 || status == 425) return ErrorKind::kTimeout;  // somebody on the way gave up: whether it took effect is unknown
  if (status == 409) return ErrorKind::kConflict;
  if (status == 429) return ErrorKind::kThrottled;
  return status < 500 ? ErrorKind::kInvalid : ErrorKind::kServer;
}

// An answer that repeats the request, whole or in part: tokens, or a list of environment variables ({"name": .., "value": ..}).
bool repeats_the_request(const std::string& body) {
  return body.find("api_tokens") != std::string::npos || body.find("\"value\"") != std::string::npos ||
         body.find("\\\"value\\\"") != std::string::npos;
}

bool holds_secret(const std::string& body, const std::vector<std::string>& secrets) {
  base::Redactor known;
  for (const std::string& secret : secrets) {
    if (!secret.empty() && body.find(secret) != std::string::npos) return true;  // however short
    known.add(secret);
  }
  return known.found_in(body);
}

// In one line, without control characters.
std::string shown(const std::string& body, const Asked& asked) {
  if (body.empty()) return "";
  if (asked.secret_body || repeats_the_request(body) || holds_secret(body, asked.secrets))
    return "(answer not shown: it may hold a secret)";
  base::Redactor values;
  for (const std::string& value : asked.values) values.add(value);
  std::string line;
  for (const char c : values.clean(body)) {
    const bool blank = static_cast<unsigned char>(c) <= ' ' || c == 0x7f;
    if (!blank) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return base::clipped(line, kShownBody);
}

std::string sentence(const base::HttpResponse& response, const Asked& asked) {
  const std::string workspace = "workspace \"" + asked.workspace_id + "\"";
  if (asked.what == "GET /workspace" && response.status == 404) {
    return "lepton answered 404 for " + workspace + ": this must be the workspace ID (dashboard, Settings), not its name.";
  }
  if (asked.what == "GET /workspace" && response.status == 403) {
    return "lepton answered 403 for " + workspace + ": its token is valid but may not use this workspace.";
  }
  std::string text = "lepton answered " + std::to_string(response.status) + " to " + asked.what;
  const std::string body = shown(response.body, asked);
  return body.empty() ? text : text + ": " + body;
}

}  // namespace

std::optional<base::Milliseconds> retry_after(const base::HttpResponse& response, base::Timestamp now) {
  const auto header = response.headers.find("retry-after");
  if (header == response.headers.end()) return std::nullopt;
  const std::optional<base::Milliseconds> asked = base::parse_retry_after(header->second, now);
  return asked ? std::optional(std::min(*asked, kLongestRetryAfter)) : std::nullopt;
}

Error token_refused(const std::string& workspace_id, int status) {
  Error error{ErrorKind::kUnauthorized,
              "lepton refused the token for workspace \"" + workspace_id +
                  "\" (401): put a valid one in the Workspace's Secret, LEPTON_WORKSPACE_TOKEN or lep login's file."};
  error.status = status;
  return error;
}

Error refusal(const base::HttpResponse& response, const Asked& asked, base::Timestamp now) {
  if (response.status == 401) return token_refused(asked.workspace_id, 401);
  Error error{kind_of(response.status, response.body, asked.creating), sentence(response, asked)};
  error.status = response.status;
  error.retry_after = retry_after(response, now);
  return error;
}

base::Result<base::Json> json_of(int status, const std::string& body, const std::string& asked) {
  base::Result<base::Json> parsed = base::parse_json(body, asked);
  if (parsed) return parsed;
  Error error{ErrorKind::kMalformed, "lepton answered " + std::to_string(status) + " to " + asked + " with what is no JSON"};
  error.status = status;
  return error;
}

}  // namespace lepton_operator::lepton
