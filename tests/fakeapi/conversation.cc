// fakeapi-conversation: the API server in memory, asked line by line, so that tests/cluster/fakeapi_test.py can hold it to the real one.
//
//   → {"method": "GET", "path": "/api/v1/namespaces", "query": {"limit": "1"}, "type": "application/json", "body": {...}}
//   ← {"status": 200, "body": {...}}
//
// With "watch" in the query the answer's body is the list of all events that came until its timeoutSeconds were over; {"compact": true}
// forgets what happened so far. Ends with its input.
#include <iostream>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "base/clock.h"
#include "fakeapi/api_server.h"

namespace lepton_operator::fakeapi {
namespace {

base::Method method_named(const std::string& name) {
  for (const base::Method method : {base::Method::kGet, base::Method::kPost, base::Method::kPut, base::Method::kPatch}) {
    if (name == base::to_string(method)) return method;
  }
  return base::Method::kDelete;
}

class Conversation {
 public:
  Json answer(const Json& asked) {
    if (base::get_bool(asked, "compact").value_or(false)) {
      server_.compact();
      return base::json_object();
    }
    base::HttpRequest request;
    request.method = method_named(base::get_string(asked, "method").value_or(""));
    request.path = base::get_string(asked, "path").value_or("");
    request.content_type = base::get_string(asked, "type").value_or("");
    for (const auto& [name, value] : base::get_object(asked, "query").as_object()) request.query.emplace_back(name, value.as_string());
    if (const Json* body = base::find(asked, "body")) request.body = base::to_text(*body);
    Json told = base::json_object();
    if (base::find(base::get_object(asked, "query"), "watch")) {
      told["status"] = Json::number(200);
      told["body"] = watched(request);
      return told;
    }
    const base::HttpResponse response = server_.handle(request);
    told["status"] = Json::number(response.status);
    told["body"] = base::parse_json(response.body, "answer").value();
    return told;
  }

 private:
  Json watched(const base::HttpRequest& request) {
    std::vector<Json> events;
    boost::asio::co_spawn(io_, follow(base::Context(clock_), server_.watch(request), &events), boost::asio::detached);
    for (settle(); clock_.next(); settle()) clock_.advance(*clock_.next() - clock_.now());
    return Json::array(events);
  }
  static boost::asio::awaitable<void> follow(base::Context context, std::unique_ptr<base::HttpStream> stream, std::vector<Json>* events) {
    while (true) {
      const base::Result<std::string> line = co_await stream->read(context);
      if (!line || line->empty()) co_return;
      events->push_back(base::parse_json(*line, "event").value());
    }
  }
  void settle() {
    do io_.restart();
    while (io_.poll() > 0);
  }

  boost::asio::io_context io_;
  base::ManualClock clock_{io_};
  ApiServer server_{io_};
};

}  // namespace
}  // namespace lepton_operator::fakeapi

int main() {
  lepton_operator::fakeapi::Conversation conversation;
  for (std::string line; std::getline(std::cin, line);) {
    const auto asked = lepton_operator::base::parse_json(line, "stdin");
    if (!asked) return std::cerr << asked.error().text() << "\n", 2;
    std::cout << lepton_operator::base::to_text(conversation.answer(*asked)) << std::endl;
  }
}
