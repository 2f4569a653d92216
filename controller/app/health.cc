#include "app/health.h"

#include <optional>
#include <string>
#include <utility>

#include "base/ask.h"

namespace lepton_operator::app {

namespace {

using metrics::Page;

Page ok() { return {.status = 200, .body = "ok\n"}; }

Page unavailable(const std::string& sentence) { return {.status = 503, .body = sentence + "\n"}; }

Page silent(base::Milliseconds patience) {
  return unavailable("the domain thread did not answer within " + base::format_duration(patience));
}

Page readiness(boost::asio::io_context& domain, const std::function<bool()>& ready, base::Milliseconds patience) {
  const std::optional<bool> answer = base::ask<bool>(domain, patience, ready);
  if (!answer) return silent(patience);
  return *answer ? ok() : unavailable("not everything has been read yet");
}

}  // namespace

metrics::WebServer::Pages health_pages(boost::asio::io_context& domain, std::function<bool()> ready, base::Milliseconds patience) {
  return {{"/healthz", [&domain, patience] { return base::ask<bool>(domain, patience, [] { return true; }) ? ok() : silent(patience); }},
          {"/readyz", [&domain, patience, ready = std::move(ready)] { return readiness(domain, ready, patience); }}};
}

}  // namespace lepton_operator::app
