// What a Status object means, as an Error.
#include <algorithm>
#include <array>
#include <utility>

#include "base/strings.h"
#include "kube/api.h"

namespace lepton_operator::kube {

namespace {

using base::Error;
using base::ErrorKind;

constexpr std::size_t kMostText = 2'000;  // a message may list each of a hundred wrong fields
constexpr int kMostCauses = 8;

// For a Status without a code, as some aggregated servers send.
int code_of_reason(const std::string& reason) {
  static constexpr std::array<std::pair<const char*, int>, 18> kCodes{{{"BadRequest", 400},
                                                                       {"Unauthorized", 401},
                                                                       {"Forbidden", 403},
                                                                       {"NotFound", 404},
                                                                       {"MethodNotAllowed", 405},
                                                                       {"NotAcceptable", 406},
                                                                       {"AlreadyExists", 409},
                                                                       {"Conflict", 409},
                                                                       {"Gone", 410},
                                                                       {"Expired", 410},
                                                                       {"RequestEntityTooLarge", 413},
                                                                       {"UnsupportedMediaType", 415},
                                                                       {"Invalid", 422},
                                                                       {"TooManyRequests", 429},
                                                                       {"InternalError", 500},
                                                                       {"ServerTimeout", 500},
                                                                       {"ServiceUnavailable", 503},
                                                                       {"Timeout", 504}}};
  for (const auto& [name, code] : kCodes) {
    if (reason == name) return code;
  }
  return 0;
}

ErrorKind kind_of(int code) {
  switch (code) {
    case 401: return ErrorKind::kUnauthorized;
    case 403: return ErrorKind::kForbidden;
    case 404:
    case 410: return ErrorKind::kNotFound;
    case 405:
    case 501: return ErrorKind::kUnsupported;
    case 408:
    case 425: return ErrorKind::kTimeout;  // of a proxy on the way
    case 409: return ErrorKind::kConflict;
    case 429: return ErrorKind::kThrottled;
    default: break;
  }
  if (code >= 500) return ErrorKind::kServer;
  if (code >= 400) return ErrorKind::kInvalid;
  return ErrorKind::kMalformed;  // a redirect, or no code at all: none of the API's answers
}

// The message mostly lists the causes itself; those that it does not are put after it.
std::string text_of(const Json& status, int code) {
  std::string text = base::get_string(status, "message").value_or("");
  if (text.empty()) {
    const std::string reason = base::get_string(status, "reason").value_or("");
    text = "the API server answered " + std::to_string(code) + (reason.empty() ? "" : " (" + reason + ")");
  }
  int causes = 0;
  for (const Json& cause : base::elements(base::find(base::get_object(status, "details"), "causes"))) {
    const std::string message = base::get_string(cause, "message").value_or("");
    if (message.empty() || text.find(message) != std::string::npos || ++causes > kMostCauses) continue;
    const std::string field = base::get_string(cause, "field").value_or("");
    text += "; " + (field.empty() ? "" : field + ": ") + message;
  }
  return base::clipped(text, kMostText);
}

}  // namespace

Error error_from_status(const Json& status, int http_status) {
  int code = static_cast<int>(base::get_int(status, "code").value_or(0));
  if (code == 0) code = code_of_reason(base::get_string(status, "reason").value_or(""));
  if (code == 0) code = http_status;
  Error error{.kind = kind_of(code), .what = text_of(status, code), .status = code};
  // Not only in a 429: "ServerTimeout" (500) and "Timeout" (504) say when to come back as well.
  if (const auto seconds = base::get_int(base::get_object(status, "details"), "retryAfterSeconds"); seconds && *seconds > 0) {
    error.retry_after = std::chrono::seconds{std::min<std::int64_t>(*seconds, 86'400)};
  }
  return error;
}

}  // namespace lepton_operator::kube
