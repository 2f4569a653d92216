// An API server in memory, behind base::HttpTransport: the Kubernetes that tests without a cluster talk to.
//
// It keeps the rules that the operator stands on: resource versions and generations, conflicts, preconditions, the status subresource,
// merge and JSON patches, finalizers, lists in pages, watches with their history and its end (410). What it answers is held to the real
// kube-apiserver by tests/cluster/fakeapi_test.py. It checks no schema, knows no authorization and runs no controllers.
//
// Thread rule: domain thread only. Streams that it gave out may outlive it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/async.h"
#include "base/http.h"
#include "base/json.h"
#include "base/time.h"
#include "fakeapi/history.h"
#include "fakeapi/place.h"

namespace lepton_operator::fakeapi {

using base::Json;

class ApiServer final : public base::HttpTransport {
 public:
  using Answer = std::optional<base::Result<base::HttpResponse>>;
  using Now = std::function<base::Timestamp()>;

  // Without `now` it is always the same moment.
  explicit ApiServer(boost::asio::io_context& io, Now now = {});
  ~ApiServer() override;

  // --- what a test does. Paths are those of the API: "/apis/lepton.dev/v1alpha1/namespaces/team/invocations/llama".
  void put(const std::string& path, const std::string& yaml);
  void put(const std::string& path, Json object);  // as it is, but for what the server itself gives; of a known object the UID stays
  void edit(const std::string& path, const std::function<void(Json&)>& change);
  void remove(const std::string& path);  // as `kubectl delete` does: with finalizers it is only marked
  const Json* find(const std::string& path) const;
  const std::map<std::string, Json>& objects() const { return objects_; }

  void intercept(std::function<Answer(const base::HttpRequest&)> hook) { intercept_ = std::move(hook); }
  // Told of every change, before anybody else: "ADDED", "MODIFIED" or "DELETED".
  void on_change(std::function<void(const std::string& path, const std::string& type, const Json& object)> hook) {
    on_change_ = std::move(hook);
  }
  // The next answer is held back until release(), though its effect is there.
  void hold_next_answer() { held_ = std::make_shared<base::Signal>(io_); }
  void release() { std::exchange(held_, nullptr)->notify(); }
  // Events are kept back until let go.
  void pause_watches() { history_.pause(true); }
  void resume_watches() { history_.pause(false); }
  // Ends every watch, as a server that goes down does; events until the next one are lost to whoever does not list again.
  void close_watches() { history_.close_all(); }
  // What happened until now is forgotten, as by etcd's compaction.
  void compact() { history_.forget(version_); }

  const std::vector<base::HttpRequest>& requests() const { return requests_; }
  int count(base::Method method, const std::string& path_part) const;

  // --- HttpTransport
  boost::asio::awaitable<base::Result<base::HttpResponse>> send(base::Context context, base::HttpRequest request) override;
  boost::asio::awaitable<base::Result<std::unique_ptr<base::HttpStream>>> open(base::Context context, base::HttpRequest request) override;

  // The same at once, past what a test intercepts.
  base::HttpResponse handle(const base::HttpRequest& request);
  std::unique_ptr<base::HttpStream> watch(const base::HttpRequest& request);

 private:
  struct Page {
    std::vector<Json> items;
    std::size_t next = 0;
    long version = 0;
  };

  void store(const std::string& path, Json object, const char* type);
  void erase(const std::string& path, Json object);
  void announce(const std::string& path, const char* type, const Json& object);
  void give_metadata(const Place& place, Json& object);
  base::HttpResponse accept(const Place& place, Json object);  // what a write made of an object

  base::HttpResponse get(const Place& place) const;
  base::HttpResponse list(const Place& place, const base::HttpRequest& request);
  base::HttpResponse page(const std::string& token, std::size_t limit);
  base::HttpResponse create(const Place& place, Json object);
  base::HttpResponse replace(const Place& place, Json object);
  base::HttpResponse patch(const Place& place, const base::HttpRequest& request, const Json& body);
  base::HttpResponse remove(const Place& place, const Json& options);

  boost::asio::io_context& io_;
  Now now_;
  std::map<std::string, Json> objects_;
  History history_;
  std::map<std::string, Page> pages_;  // by continue token
  std::function<Answer(const base::HttpRequest&)> intercept_;
  std::function<void(const std::string&, const std::string&, const Json&)> on_change_;
  std::shared_ptr<base::Signal> held_;
  std::vector<base::HttpRequest> requests_;
  long version_ = 100;
  int uids_ = 0;
};

}  // namespace lepton_operator::fakeapi
