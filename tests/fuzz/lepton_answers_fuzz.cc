// What a Lepton workspace, or a proxy before it, may answer (lepton/codec.h, lepton/answers.h): decoding is total, a malformed answer is
// told as one, and what is shown of a refusal holds no secret, in whatever form the answer repeats it.
//
// Input: a status (two bytes), then the body. In the body "@T" stands for the token, "@V" for a variable's value: as they are, in JSON
// (@J), percent-encoded (@P), in Base64 (@B).
#include <set>

#include "base/hash.h"
#include "base/strings.h"
#include "fuzz/promise.h"
#include "lepton/answers.h"
#include "lepton/codec.h"
#include "lepton/log_lines.h"

namespace lepton_operator::fuzz {

namespace {

using base::Json;
using lepton::ApiFamily;

constexpr const char* kToken = "nvapi-Qx7+mZ/81\"kd=w";
constexpr const char* kValue = "hf_Value/of+1234";

template <class T>
void require_malformed(const base::Result<T>& result) {
  if (result) return;
  require(result.error().kind == base::ErrorKind::kMalformed, "what cannot be read is malformed", result.error().text());
  require(!result.error().what.empty() && result.error().what.size() < 300, "and said to be so in one sentence", result.error().text());
}

template <class T>
void require_counted(const Json& body, const base::Result<lepton::Decoded<T>>& list) {
  require_malformed(list);
  if (!list || !body.is_array()) return;
  require(list->items.size() + static_cast<std::size_t>(list->malformed) <= body.size(), "no item is made up");
}

bool is_pod(const Json& item) { return base::get_bool(base::get_object(item, "spec"), "is_pod").value_or(false); }

void read_endpoint(const Json& body, ApiFamily family) {
  const auto endpoint = lepton::decode_endpoint(body, family);
  require_malformed(endpoint);
  if (endpoint) {
    require(!endpoint->name.empty(), "an endpoint can be addressed");
    require(!endpoint->external_url.ends_with('/'), "a path can follow its URL", endpoint->external_url);
    const std::string state = lepton::to_string(endpoint->state);
    require(lepton::parse_endpoint_state(state) == endpoint->state, "a state has one spelling", state);
  }
  Json list = base::json_array();
  list[0] = body;
  const auto alone = lepton::decode_endpoints(list, family);
  require(alone.ok(), "a list of one is a list");
  const bool pod = family == ApiFamily::kDeployments && is_pod(body);
  if (pod) return;
  require(endpoint.ok() ? alone->items == std::vector{*endpoint} : alone->malformed == 1, "an item reads in a list as it does alone");
}

void read_job(const Json& body) {
  const auto job = lepton::decode_job(body);
  require_malformed(job);
  if (!job) return;
  require(!job->id.empty() && !job->name.empty(), "a job can be addressed");
  require(job->failed >= 0 && job->succeeded >= 0, "counts are no less than none");
  require(lepton::parse_job_state(lepton::to_string(job->state)) == job->state, "a state has one spelling", lepton::to_string(job->state));
}

// Putting a field back sends all components again: none but the serving one is changed, and the mark stays.
void put_back(const Json& live) {
  const Json replicas = lepton::encode_replicas(1, 1);
  const auto patch = lepton::encode_components_patch(live, replicas);
  require_malformed(patch);
  if (!patch) return;
  const auto before = base::elements(base::find(base::get_object(live, "spec"), "components"));
  const auto after = base::elements(base::find(base::get_object(*patch, "spec"), "components"));
  require(before.size() == after.size(), "no component is lost");
  int changed = 0;
  for (std::size_t i = 0; i < before.size(); ++i) changed += before[i] == after[i] ? 0 : 1;
  require(changed <= 1, "one component is changed at most");
  Json patched = live;
  patched["spec"]["components"] = *base::find(base::get_object(*patch, "spec"), "components");
  const auto old_one = lepton::decode_endpoint(live, ApiFamily::kEndpoints);
  const auto new_one = lepton::decode_endpoint(patched, ApiFamily::kEndpoints);
  if (!old_one) return;
  require(new_one.ok() && new_one->labels == old_one->labels, "an endpoint keeps its owner's mark");
  require(new_one->spec->min_replicas == 1 && new_one->spec->max_replicas == 1, "what is put back is put back");
}

void read_everything(const Json& body) {
  for (const ApiFamily family : {ApiFamily::kDeployments, ApiFamily::kEndpoints}) {
    require_counted(body, lepton::decode_endpoints(body, family));
    if (!body.is_array()) read_endpoint(body, family);
    for (const Json& item : base::elements(&body)) read_endpoint(item, family);
  }
  put_back(body);
  for (const Json& item : base::elements(&body)) put_back(item);
  require_counted(body, lepton::decode_jobs(body));
  read_job(body);
  for (const Json& item : base::elements(body.is_array() ? &body : base::find(body, "jobs"))) read_job(item);
  require_malformed(lepton::decode_workspace(body));
  require_counted(body, lepton::decode_node_groups(body));
  require_counted(body, lepton::decode_secrets(body));
  require_malformed(lepton::decode_tokens(body));
  require_counted(body, lepton::decode_storage(body));
  require_malformed(lepton::decode_file_systems(body));
  const auto lines = lepton::log_lines_of(body);
  require(std::is_sorted(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.at < b.at; }), "log lines are in order");
  (void)lepton::replica_ids_of(body);
}

std::string in_json(const std::string& text) {
  const std::string quoted = base::to_text(Json::string(text));
  return quoted.substr(1, quoted.size() - 2);
}

std::string in_url(const std::string& text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = std::isalnum(byte) != 0 || c == '-' || c == '_';
    out += plain ? std::string(1, c) : std::string{'%', kDigits[byte >> 4u], kDigits[byte & 15u]};
  }
  return out;
}

std::string filled(std::string_view body) {
  std::string text;
  for (std::size_t i = 0; i < body.size(); ++i) {
    const char form = body[i] == '@' && i + 1 < body.size() ? body[i + 1] : '\0';
    switch (form) {
      case 'T': text += kToken; break;
      case 'V': text += kValue; break;
      case 'J': text += in_json(kToken); break;
      case 'P': text += in_url(kToken); break;
      case 'B': text += base::base64_encode(kToken); break;
      default: text += body[i]; continue;
    }
    ++i;
  }
  return text;
}

void refuse(int status, const std::string& body, std::string_view header) {
  const base::HttpResponse response{status, {{"retry-after", std::string(header.substr(0, 40))}}, body};
  const base::Timestamp now{std::chrono::hours(24 * 365 * 56)};
  for (const bool creating : {false, true}) {
    const lepton::Asked asked{"POST /deployments", "ws-1", creating, {kToken}, {kValue}, false};
    const base::Error error = lepton::refusal(response, asked, now);
    const std::string text = error.text();
    for (const std::string& secret :
         {std::string(kToken), in_json(kToken), in_url(kToken), base::base64_encode(kToken), std::string(kValue)}) {
      require(text.find(secret) == std::string::npos, "no secret stands in a refusal", text);
    }
    require(text.size() < 400, "a refusal is short", text);
    const bool one_line = std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; });
    require(one_line, "a refusal is one line", text);
    if (!error.retry_after) continue;
    require(error.retry_after->count() >= 0 && *error.retry_after <= lepton::kLongestRetryAfter, "nobody waits for ever", text);
  }
}

}  // namespace

void try_input(std::string_view input) {
  if (input.size() < 2) return;
  const int status = 300 + (static_cast<unsigned char>(input[0]) * 256 + static_cast<unsigned char>(input[1])) % 300;
  const std::string body = filled(input.substr(2));
  refuse(status, body, body);
  const base::Result<Json> json = base::parse_json(body, "answer");
  if (!json) return;
  read_everything(*json);
  const auto again = base::parse_json(base::to_text(*json), "answer");
  require(again.ok() && base::to_text(*again) == base::to_text(*json), "JSON that is written and read again is the same",
          base::to_text(*json));
}

}  // namespace lepton_operator::fuzz
