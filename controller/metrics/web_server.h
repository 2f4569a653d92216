// A few read-only pages over HTTP (civetweb): what /metrics and the health probes are served with.
//
// Each page's function runs on one of the server's own threads; after a large page what it took is given back (base/memory.h). Thread rule:
// start and destroy on any thread that no page waits for. Fails (start) when the address cannot be bound.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"

namespace lepton_operator::metrics {

struct Page {
  int status = 200;  // or 503
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
};

class WebServer {
 public:
  using Pages = std::map<std::string, std::function<Page()>>;  // by path: "/metrics"

  // `address` is host:port; port 0 takes one that is free.
  static base::Result<std::unique_ptr<WebServer>> start(const std::string& address, Pages pages);
  ~WebServer();

  const std::string& address() const { return address_; }  // as bound

 private:
  struct Civet;
  explicit WebServer(std::unique_ptr<Civet> civet);

  std::unique_ptr<Civet> civet_;
  std::string address_;
};

}  // namespace lepton_operator::metrics
