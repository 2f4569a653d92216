// Keeps up with all objects of one resource: lists them in pages, then watches, for ever.
//
// The sink gets objects one at a time and keeps what it needs of them. While the server is away the sink keeps what it has; what a
// list showed before it broke off holds, and nothing is taken for gone by it. Mechanics after client-go (README.md, "Reflector"): pages of
// 500, watch timeouts of random 5 to 10 min, bookmarks, 410 → list anew, ERROR events in a 200 stream, 429 in place, backoff 0.8 s … 30 s
// with jitter, reset after 2 min of quiet; a watch that ends within 1 s without an event counts as a failure. A watch that outlives its
// timeout by 30 s is cut, and so is one whose bookmarks stop for 3 min.
//
// Lists ask for the newest version ("", never "0"): a restart must not see a world before its own last writes.
//
// Thread rule: domain thread only. Ends: cancel run()'s context.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "base/backoff.h"
#include "base/log.h"
#include "base/random.h"
#include "kube/api.h"

namespace lepton_operator::kube {

struct ReflectorOptions {
  Resource resource;
  std::string namespace_ = {};  // empty: all
  std::string label_selector = {};
  std::string field_selector = {};
  int page = 500;
  base::Milliseconds first_backoff{800};
  base::Milliseconds most_backoff{30'000};
};

// What an object is known by, as its metadata's text has it.
struct ObjectVersion {
  std::string namespace_;
  std::string name;
  std::string uid;
  std::string resource_version;
};

class ReflectorSink {
 public:
  virtual ~ReflectorSink() = default;
  // True: the sink has this very version, of which it takes note as it is listed or told of, and is not given the object. An object of
  // which nothing is new is then not even parsed: after the API server was away, and where our own writes come back.
  virtual bool has_listed(const ObjectVersion&) { return false; }
  virtual bool has(const ObjectVersion&) { return false; }
  // All objects, then end_list(): what was not among them is gone. A list that broke off is begun again without an end_list().
  virtual void begin_list() = 0;
  // Without apiVersion and kind, as the API server leaves them out of lists, and without what it repeats of itself (repetition.h).
  // `text`: what it was parsed from; empty where that is not known.
  virtual void listed(const Json& object, std::string_view text) = 0;
  virtual void end_list() = 0;
  virtual void added_or_modified(const Json& object) = 0;  // in order, at least once
  virtual void deleted(const Json& object) = 0;
};

class Reflector {
 public:
  Reflector(boost::asio::io_context& io, Api& api, base::Clock& clock, base::Random& random, base::Log& log, ReflectorSink& sink,
            ReflectorOptions options);

  boost::asio::awaitable<void> run(Context context);

  bool synced() const { return synced_; }  // the first list is complete
  const std::string& resource_version() const { return resource_version_; }
  int relists() const { return relists_; }  // complete lists after the first

 private:
  struct Seen;  // in the watch under way
  class Page;
  struct PageEnd {
    std::string version;         // of the list
    std::string continue_token;  // empty: it was the last page
  };

  Answer<base::Ok> list(Context context);
  Answer<std::string> list_pages(Context context, int limit);
  Answer<base::Ok> read_page(Context context, ListQuery query, Page& page);
  Answer<base::Ok> watch(Context context);
  Answer<base::Ok> follow(Context context, base::HttpStream* stream, Seen* seen);
  Result<base::Ok> take(const std::string& line, Seen& seen);
  bool take_known(const std::string& line, Seen& seen);
  base::Milliseconds wait_after(const base::Error& error);
  boost::asio::awaitable<void> let_others_run();

  boost::asio::io_context& io_;
  Api& api_;
  base::Clock& clock_;
  base::Random& random_;
  base::Log& log_;
  ReflectorSink& sink_;
  ReflectorOptions options_;
  base::Backoff backoff_;
  std::optional<base::Timestamp> failed_at_;
  bool list_next_ = true;
  bool synced_ = false;
  int relists_ = 0;
  std::string resource_version_;
};

// One line of JSON after another, from chunks cut anywhere (inside of a UTF-8 character too). Lines over 64 MiB are an error.
class LineSplitter {
 public:
  // Complete lines, without their ends; what is incomplete waits for the next chunk.
  Result<std::vector<std::string>> push(std::string_view chunk);
  bool pending() const { return !rest_.empty(); }

 private:
  std::string rest_;
};

}  // namespace lepton_operator::kube
