#include "kube/reflector.h"

#include <algorithm>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/json_list.h"
#include "base/json_member.h"
#include "base/memory.h"
#include "kube/repetition.h"
#include "kube/store.h"

namespace lepton_operator::kube {

using base::Error;
using base::ErrorKind;
using base::HttpStream;
using base::Milliseconds;
using base::Ok;
using base::Timestamp;

namespace {

constexpr std::chrono::seconds kShortestWatch{300};
constexpr std::chrono::seconds kWatchSpread{300};
constexpr std::chrono::seconds kGrace{30};          // for the server to end a watch by itself
constexpr std::chrono::minutes kLongestSilence{3};  // bookmarks come every minute, from a server that sends any
constexpr std::chrono::seconds kTooShort{1};        // a watch that ends so soon without an event failed
constexpr std::chrono::seconds kBetweenWatches{1};  // from begin to begin
constexpr std::chrono::minutes kQuiet{2};           // without a failure: the next one is a first one again
constexpr std::chrono::minutes kLongestPenance{2};  // of what Retry-After may ask for

constexpr int kGone = 410;
constexpr int kUnavailable = 503;

Error malformed(const char* what) { return {.kind = ErrorKind::kMalformed, .what = what}; }

// A string that needs no decoding, as names, UIDs and versions are.
std::optional<std::string> plain_string(std::string_view object, std::string_view member) {
  const auto value = base::json_member(object, member);
  if (!value || value->size() < 2 || value->front() != '"' || value->find('\\') != std::string_view::npos) return std::nullopt;
  return std::string(value->substr(1, value->size() - 2));
}

std::optional<ObjectVersion> version_in(std::string_view object) {
  const auto metadata = base::json_member(object, "metadata");
  if (!metadata) return std::nullopt;
  const auto name = plain_string(*metadata, "name");
  const auto uid = plain_string(*metadata, "uid");
  const auto version = plain_string(*metadata, "resourceVersion");
  if (!name || !uid || !version || version->empty()) return std::nullopt;
  return ObjectVersion{plain_string(*metadata, "namespace").value_or(""), *name, *uid, *version};
}

// Whether the next watch may go on from where this one failed. What the API server answers otherwise may be about that very place (a
// version that it no longer has, or not yet), so that only a list helps. One that has just begun forbids, or is unavailable, for seconds.
bool keeps_place(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kThrottled:
    case ErrorKind::kUnreachable:
    case ErrorKind::kInterrupted:
    case ErrorKind::kTimeout:
    case ErrorKind::kCancelled:
    case ErrorKind::kForbidden:
    case ErrorKind::kUnauthorized: return true;
    case ErrorKind::kServer: return error.status == kUnavailable;
    case ErrorKind::kInvalid:
    case ErrorKind::kNotFound:
    case ErrorKind::kConflict:
    case ErrorKind::kUnsupported:
    case ErrorKind::kMalformed: return false;
  }
  __builtin_unreachable();
}

}  // namespace

// Gives the sink what a page shows, one by one as it comes.
class Reflector::Page final : public base::JsonListReader {
 public:
  Page(ReflectorSink& sink, std::string where) : JsonListReader("items"), sink_(sink), where_(std::move(where)) {}

  Result<PageEnd> end() {
    if (broken_) return malformed("an object of the list is none");
    // A list that was not found is parsed whole: it may be empty in other words, or no list, or no JSON.
    const Result<Json> around = base::parse_json(rest(), where_);
    if (!around) return malformed("the answer is no JSON");
    PageEnd end{resource_version_of(*around), base::get_string(base::get_object(*around, "metadata"), "continue").value_or("")};
    // An answer that only looks like an empty list, or like its last page, would delete everything.
    const Json* items = base::find(*around, "items");
    const Json* next = base::find(base::get_object(*around, "metadata"), "continue");
    const bool is_list = items != nullptr && (items->is_array() || items->is_null());
    if (end.version.empty() || !is_list || (next != nullptr && !next->is_string() && !next->is_null()))
      return malformed("the answer is no list");
    for (const Json& object : base::elements(items)) sink_.listed(object, {});
    return end;
  }

 private:
  void element(std::string_view whole) override {
    if (broken_) return;
    const std::string item = without_repetition(whole);
    const auto about = version_in(item);
    if (about && sink_.has_listed(*about)) return;
    const Result<Json> object = base::parse_json(item, where_);
    broken_ = !object || !base::get_string(base::get_object(*object, "metadata"), "name");  // nor is what has no name an object
    if (!broken_) sink_.listed(*object, item);
  }

  ReflectorSink& sink_;
  const std::string where_;
  bool broken_ = false;
};

struct Reflector::Seen {
  int events = 0;
  bool bookmark = false;
};

Reflector::Reflector(boost::asio::io_context& io, Api& api, base::Clock& clock, base::Random& random, base::Log& log, ReflectorSink& sink,
                     ReflectorOptions options)
    : io_(io),
      api_(api),
      clock_(clock),
      random_(random),
      log_(log),
      sink_(sink),
      options_(std::move(options)),
      backoff_(options_.first_backoff, options_.most_backoff) {}

boost::asio::awaitable<void> Reflector::run(Context context) {
  while (!context.expired()) {
    Result<Ok> kept_up = Ok{};
    if (list_next_) {
      kept_up = co_await list(context);
    } else {
      kept_up = co_await watch(context);
    }
    if (kept_up || context.expired()) continue;
    const Milliseconds wait = wait_after(kept_up.error());
    co_await clock_.sleep(context, wait);
  }
}

Answer<Ok> Reflector::list(Context context) {
  Result<std::string> version = co_await list_pages(context, options_.page);
  // A continue token lives no longer than etcd keeps its version. One page with everything needs none.
  if (!version && version.error().status == kGone) version = co_await list_pages(context, 0);
  if (!version) co_return version.error();
  resource_version_ = *version;
  list_next_ = false;
  base::give_memory_back();  // what the pages took
  if (synced_) ++relists_;
  synced_ = true;
  log_.debug("listed", {{"resource", options_.resource.plural}, {"namespace", options_.namespace_}, {"version", resource_version_}});
  co_return Ok{};
}

// The version that the list is of.
Answer<std::string> Reflector::list_pages(Context context, int limit) {
  ListQuery query;
  query.limit = limit;
  query.label_selector = options_.label_selector;
  query.field_selector = options_.field_selector;
  sink_.begin_list();
  while (true) {
    Page page(sink_, "list of " + options_.resource.plural);
    const Result<Ok> read = co_await read_page(context, query, page);
    if (!read) co_return read.error();
    const Result<PageEnd> end = page.end();
    if (!end) co_return end.error();
    query.continue_token = end->continue_token;
    if (query.continue_token.empty()) {
      sink_.end_list();
      co_return end->version;
    }
    co_await let_others_run();
  }
}

// A server that is too busy for one page is not asked for those before it again.
Answer<Ok> Reflector::read_page(Context context, ListQuery query, Page& page) {
  while (true) {
    Result<Ok> read = co_await api_.read_list(context, options_.resource, options_.namespace_, query, page);
    if (read || read.error().kind != ErrorKind::kThrottled) co_return read;
    const Milliseconds wait = wait_after(read.error());
    const bool whole = co_await clock_.sleep(context, wait);
    if (!whole) co_return read;
  }
}

Answer<Ok> Reflector::watch(Context context) {
  WatchQuery query;
  query.resource_version = resource_version_;
  query.label_selector = options_.label_selector;
  query.field_selector = options_.field_selector;
  query.timeout = kShortestWatch + std::chrono::seconds{static_cast<int>(kWatchSpread.count() * random_.unit())};
  const Timestamp begun = clock_.now();
  Result<std::unique_ptr<HttpStream>> stream = co_await api_.watch(context, options_.resource, options_.namespace_, query);
  if (!stream) {
    list_next_ = !keeps_place(stream.error());
    co_return stream.error();
  }

  Seen seen;
  const Context watching = context.with_timeout(query.timeout + kGrace);
  Result<Ok> followed = co_await follow(watching, stream->get(), &seen);
  stream->reset();  // before any wait: its connection is of no more use
  if (!followed) {
    list_next_ = !keeps_place(followed.error());
    co_return followed;
  }
  const Milliseconds lasted = clock_.now() - begun;
  if (lasted < kTooShort && seen.events == 0) co_return Error{ErrorKind::kInterrupted, "the watch ended at once, without an event"};
  if (lasted < kBetweenWatches) co_await clock_.sleep(context, kBetweenWatches - lasted);
  co_return Ok{};
}

// Until the stream ends, for whatever reason: the next watch goes on where it ended. Fails with what the server says in it.
Answer<Ok> Reflector::follow(Context context, HttpStream* stream, Seen* seen) {
  LineSplitter splitter;
  while (true) {
    Context patience = context;
    if (seen->bookmark) patience = context.with_timeout(kLongestSilence);
    const Result<std::string> chunk = co_await stream->read(patience);
    if (!chunk || chunk->empty()) co_return Ok{};
    const Result<std::vector<std::string>> lines = splitter.push(*chunk);
    if (!lines) co_return lines.error();
    for (const std::string& line : *lines) {
      if (line.empty()) continue;
      const Result<Ok> taken = take(line, *seen);
      if (!taken) co_return taken;
    }
    co_await let_others_run();
    if (context.expired()) co_return Ok{};
  }
}

// Nothing new: most often what we wrote ourselves, whose answer was here before.
bool Reflector::take_known(const std::string& line, Seen& seen) {
  const auto type = base::json_member(line, "type");
  if (!type || (*type != "\"ADDED\"" && *type != "\"MODIFIED\"")) return false;
  const auto object = base::json_member(line, "object");
  const auto about = object ? version_in(*object) : std::nullopt;
  if (!about || !sink_.has(*about)) return false;
  ++seen.events;
  resource_version_ = about->resource_version;
  return true;
}

Result<Ok> Reflector::take(const std::string& line, Seen& seen) {
  if (take_known(line, seen)) return Ok{};
  const Result<Json> event = base::parse_json(line, "watch of " + options_.resource.plural);
  if (!event) return malformed("an event of the watch is no JSON");
  const std::string type = base::get_string(*event, "type").value_or("");
  const Json& object = base::get_object(*event, "object");
  if (type == "ERROR") return error_from_status(object, 500);

  const std::string version = resource_version_of(object);
  if (version.empty()) return malformed("an event of the watch has no resourceVersion");
  if (type == "ADDED" || type == "MODIFIED") {
    sink_.added_or_modified(object);
  } else if (type == "DELETED") {
    sink_.deleted(object);
  } else if (type == "BOOKMARK") {
    seen.bookmark = true;
  } else {
    return malformed("an event of the watch is of an unknown type");
  }
  ++seen.events;
  resource_version_ = version;
  return Ok{};
}

Milliseconds Reflector::wait_after(const Error& error) {
  const Timestamp now = clock_.now();
  if (failed_at_ && now - *failed_at_ > kQuiet) backoff_.reset();
  failed_at_ = now;
  Milliseconds wait = backoff_.next(random_);
  if (error.retry_after) wait = std::max(wait, std::min<Milliseconds>(*error.retry_after, kLongestPenance));
  const base::LogFields fields{{"resource", options_.resource.plural},
                               {"namespace", options_.namespace_},
                               {"error", error.text()},
                               {"next", list_next_ ? "list" : "watch"},
                               {"after", base::format_duration(wait)}};
  // One failure among many good hours is how connections are; what comes again is not.
  if (backoff_.failures() == 1) {
    log_.info("lost track of the API server", fields);
  } else {
    log_.warn("still without the API server", fields);
  }
  return wait;
}

// A stream that has always more to read must not keep the domain thread for itself.
boost::asio::awaitable<void> Reflector::let_others_run() { co_await boost::asio::post(io_, boost::asio::use_awaitable); }

}  // namespace lepton_operator::kube
