// Answers that are no success, as Errors: the kind by the status, the text one sentence that a person may read. Internal to lepton/.
//
// An answer's body is opaque text to the contract and is shown in part; never one that repeats the request (api_tokens, environment
// variables), holds a secret we know of in any form, or answers a request whose body was a secret. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "base/http.h"
#include "base/json.h"

namespace lepton_operator::lepton {

// The longest that a Retry-After is believed.
inline constexpr base::Milliseconds kLongestRetryAfter = std::chrono::hours(1);

// What the answer asks to wait; nothing when it says nothing that can be read.
std::optional<base::Milliseconds> retry_after(const base::HttpResponse& response, base::Timestamp now);

struct Asked {
  std::string what;  // "GET /jobs/x"
  std::string workspace_id;
  bool creating = false;             // 400 or 422 "already exists" is then a conflict
  std::vector<std::string> secrets;  // the token
  std::vector<std::string> values;   // of environment variables, which may be secrets: taken out of what is shown
  bool secret_body = false;          // the request's body held secrets: its answer is never shown, it may hold them in any encoding
};

// For a status of 300 and above. `now` is for a Retry-After that is a date.
base::Error refusal(const base::HttpResponse& response, const Asked& asked, base::Timestamp now);

// 401, answered (`status` 401) or, since the circuit is open, not even asked (0).
base::Error token_refused(const std::string& workspace_id, int status);

// The body of an answer of that status; kMalformed when it is no JSON.
base::Result<base::Json> json_of(int status, const std::string& body, const std::string& asked);

}  // namespace lepton_operator::lepton
