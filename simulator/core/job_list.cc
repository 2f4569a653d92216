// GET /jobs: modes, filters, pages.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>

#include "base/strings.h"
#include "core/jobs.h"
#include "core/routing.h"

namespace lepton_operator::simulator {
namespace {

using base::Json;

constexpr int kDefaultPageSize = 100;
constexpr int kLargestPageSize = 500;

const std::set<std::string> kStates = {"Starting", "Running",    "Failed",   "Completed", "Stopped",  "Stopping",     "Deleting",
                                       "Deleted",  "Restarting", "Archived", "Queueing",  "Awaiting", "PendingRetry", "Terminating"};

struct Term {
  std::string key;
  std::optional<std::string> value;  // none: the label must be there, whatever its value
};

// A label selector: "key=value", "key==value" and "key", joined by commas; nothing when it is not that.
std::optional<std::vector<Term>> parse_selector(std::string_view selector) {
  std::vector<Term> terms;
  while (!selector.empty()) {
    const std::size_t end = selector.find(',');
    const std::string_view part = selector.substr(0, end);
    const std::size_t equals = part.find('=');
    if (part.empty() || equals == 0 || part.find_first_of("!() ") != std::string_view::npos) return std::nullopt;
    Term term{std::string(part.substr(0, equals)), std::nullopt};
    if (equals != std::string_view::npos) {
      std::string_view value = part.substr(equals + 1);
      if (value.starts_with("=")) value.remove_prefix(1);
      term.value = std::string(value);
    }
    terms.push_back(std::move(term));
    if (end == std::string_view::npos) break;
    selector.remove_prefix(end + 1);
  }
  return terms;
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// `lep job list` hands on what its user typed: the beginnings of states and users, parts of names and node groups, in either case.
bool begins_with_any(const std::string& whole, const std::vector<std::string>& beginnings) {
  const std::string text = lower_case(whole);
  return std::any_of(beginnings.begin(), beginnings.end(), [&](const std::string& each) { return text.starts_with(lower_case(each)); });
}

bool has_part_of(const std::string& whole, const std::vector<std::string>& parts) {
  const std::string text = lower_case(whole);
  return std::any_of(parts.begin(), parts.end(), [&](const std::string& each) { return text.find(lower_case(each)) != std::string::npos; });
}

std::optional<int> positive(const std::optional<std::string>& text, int otherwise) {
  if (!text) return otherwise;
  int value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < 1) return std::nullopt;
  return value;
}

struct Filter {
  QueryMode mode = QueryMode::kAliveOnly;
  std::string name_part;
  std::vector<Term> labels;
  std::vector<std::string> states;
  std::vector<std::string> groups;
  std::vector<std::string> creators;

  bool accepts(const Job& job, const std::string& shown_state) const {
    if (!in_mode(job, mode) || !has_part_of(job.id, {name_part})) return false;  // an id begins with the name
    if (!states.empty() && !begins_with_any(shown_state, states)) return false;
    if (!creators.empty() && !begins_with_any(base::get_string(job.metadata, "created_by").value_or(""), creators)) return false;
    const Json& own = base::get_object(job.metadata, "labels");
    for (const Term& term : labels) {
      const auto value = base::get_string(own, term.key);
      if (!value || (term.value && value != term.value)) return false;
    }
    if (groups.empty()) return true;
    for (const std::string& group : base::get_strings(base::get_object(job.spec, "affinity"), "allowed_dedicated_node_groups")) {
      if (has_part_of(group, groups)) return true;
    }
    return false;
  }
};

std::variant<Filter, Response> read_filter(const Request& request) {
  Filter filter;
  const auto mode = query_mode(request);
  if (!mode) return error_answer(400, "is not a job query mode", "job_query_mode");
  filter.mode = *mode;
  filter.name_part = request.parameter("q").value_or("");
  for (const std::string& selector : request.parameters("query")) {
    const auto terms = parse_selector(selector);
    if (!terms) return error_answer(400, "must be key=value or key, joined by commas", "query");
    filter.labels.insert(filter.labels.end(), terms->begin(), terms->end());
  }
  filter.states = request.parameters("status");
  for (const std::string& state : filter.states) {
    if (std::none_of(kStates.begin(), kStates.end(), [&](const std::string& each) { return begins_with_any(each, {state}); })) {
      return error_answer(400, "no job state begins with \"" + state + "\"", "status");
    }
  }
  filter.groups = request.parameters("node_groups");
  filter.creators = request.parameters("created_by");
  return filter;
}

}  // namespace

std::optional<QueryMode> query_mode(const Request& request) {
  const std::string mode = request.parameter("job_query_mode").value_or("alive_only");
  if (mode == "alive_only") return QueryMode::kAliveOnly;
  if (mode == "archive_only") return QueryMode::kArchiveOnly;
  if (mode == "alive_and_archive") return QueryMode::kAliveAndArchive;
  return std::nullopt;
}

bool in_mode(const Job& job, QueryMode mode) {
  switch (mode) {
    case QueryMode::kAliveOnly: return !job.archived;
    case QueryMode::kArchiveOnly: return job.archived;
    case QueryMode::kAliveAndArchive: return true;
  }
  __builtin_unreachable();
}

Response Jobs::list(const Request& request) const {
  if (auto refusal =
          refuse_unknown_query(request, {"job_query_mode", "q", "query", "status", "node_groups", "created_by", "page", "page_size"})) {
    return *refusal;
  }
  auto read = read_filter(request);
  if (auto* refusal = std::get_if<Response>(&read)) return *refusal;
  const Filter& filter = std::get<Filter>(read);
  const auto page = positive(request.parameter("page"), 1);
  const auto size = positive(request.parameter("page_size"), kDefaultPageSize);
  if (!page) return error_answer(400, "pages are counted from 1", "page");
  if (!size || *size > kLargestPageSize) return error_answer(400, "must be between 1 and 500", "page_size");

  std::vector<const Job*> found;
  for (const auto& [id, job] : jobs_) {
    if (filter.accepts(job, job.archived && world_.options.archived_state ? "Archived" : job.state)) found.push_back(&job);
  }
  // Newest first: a job that goes between two pages moves what follows it up, as in a real list.
  std::sort(found.begin(), found.end(), [](const Job* a, const Job* b) { return a->order > b->order; });
  std::vector<std::string> items;
  const auto holds = static_cast<std::size_t>(std::min(*size, world_.options.max_page));
  const std::size_t first = static_cast<std::size_t>(*page - 1) * holds;
  for (std::size_t i = first; i < found.size() && items.size() < holds; ++i) items.push_back(text_of(*found[i]));
  return json_text_answer(R"({"jobs":[)" + base::join(items, ",") + R"(],"total":)" + std::to_string(found.size()) + "}");
}

}  // namespace lepton_operator::simulator
