// An API server's storage for tests: any resource by its path, with resourceVersions, conflicts, merge patches, and faults on demand.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/http.h"
#include "base/json.h"

namespace lepton_operator::kube::test {

class FakeObjects final : public base::HttpTransport {
 public:
  using Answered = base::Result<base::HttpResponse>;
  // An answer in place of the real one; nothing leaves it to that.
  using Fault = std::function<std::optional<Answered>(const base::HttpRequest&)>;

  void set_fault(Fault fault) { fault_ = std::move(fault); }
  void go_down() {
    set_fault([](const base::HttpRequest&) -> std::optional<Answered> {
      return base::Error{base::ErrorKind::kUnreachable, "connection refused"};
    });
  }
  void come_back() { fault_ = nullptr; }

  const std::map<std::string, base::Json>& objects() const { return objects_; }
  base::Json& at(const std::string& path) { return objects_.at(path); }
  void put(const std::string& path, base::Json object) { store(path, std::move(object)); }
  void erase(const std::string& path) { objects_.erase(path); }

  int count(base::Method method) const {
    return static_cast<int>(std::count_if(sent_.begin(), sent_.end(), [&](const auto& request) { return request.method == method; }));
  }
  const std::vector<base::HttpRequest>& sent() const { return sent_; }

  boost::asio::awaitable<Answered> send(base::Context, base::HttpRequest request) override {
    sent_.push_back(request);
    if (fault_) {
      const std::optional<Answered> wrong = fault_(request);
      if (wrong) co_return *wrong;
    }
    co_return apply(request);
  }

  base::HttpResponse apply(const base::HttpRequest& request) {
    switch (request.method) {
      case base::Method::kGet: return objects_.contains(request.path) ? answer(200, objects_[request.path]) : status(404, "NotFound");
      case base::Method::kPost: return create(request);
      case base::Method::kPut: return replace(request);
      case base::Method::kPatch: return patch(request);
      case base::Method::kHead:
      case base::Method::kDelete: break;
    }
    return status(405, "MethodNotAllowed");
  }

  static base::HttpResponse status(int code, const std::string& reason) {
    base::Json body = base::json_object();
    body["kind"] = base::Json::string("Status");
    body["code"] = base::Json::number(code);
    body["reason"] = base::Json::string(reason);
    body["message"] = base::Json::string("the fake server says " + reason);
    return answer(code, body);
  }

 private:
  static base::HttpResponse answer(int code, const base::Json& body) { return base::HttpResponse{code, {}, base::to_text(body)}; }

  static base::Json body_of(const base::HttpRequest& request) { return base::parse_json(request.body, "request").value(); }

  static std::string version_of(const base::Json& object) {
    return base::get_string(base::get_object(object, "metadata"), "resourceVersion").value_or("");
  }

  base::HttpResponse store(const std::string& path, base::Json object) {
    object["metadata"]["resourceVersion"] = base::Json::string(std::to_string(++version_));
    objects_[path] = object;
    return answer(200, object);
  }

  base::HttpResponse create(const base::HttpRequest& request) {
    const base::Json object = body_of(request);
    const std::string path = request.path + "/" + base::get_string(base::get_object(object, "metadata"), "name").value_or("?");
    return objects_.contains(path) ? status(409, "AlreadyExists") : store(path, object);
  }

  base::HttpResponse replace(const base::HttpRequest& request) {
    const base::Json object = body_of(request);
    if (!objects_.contains(request.path)) return status(404, "NotFound");
    if (version_of(object) != version_of(objects_[request.path])) return status(409, "Conflict");
    return store(request.path, object);
  }

  base::HttpResponse patch(const base::HttpRequest& request) {
    if (request.content_type != "application/merge-patch+json") return status(415, "UnsupportedMediaType");
    if (!objects_.contains(request.path)) return status(404, "NotFound");
    return store(request.path, base::merged(objects_[request.path], body_of(request)));
  }

  Fault fault_;
  std::map<std::string, base::Json> objects_;
  std::vector<base::HttpRequest> sent_;
  int version_ = 0;
};

}  // namespace lepton_operator::kube::test
