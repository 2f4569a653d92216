// /metrics: what happened (Metrics) and what there is (a Fleet, read on the domain thread at each scrape, with a deadline).
//
// When the domain does not answer in time, a scrape has the counters but no objects, and lepton_scrape_complete is 0.
// Thread rule: call text() on any thread but the domain's, which it waits for.
#pragma once

#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>

#include "base/time.h"
#include "metrics/fleet.h"
#include "metrics/metrics.h"
#include "metrics/web_server.h"

namespace lepton_operator::metrics {

inline constexpr base::Milliseconds kScrapePatience{2'000};

class Exposition {
 public:
  // What it refers to outlives it.
  Exposition(boost::asio::io_context& domain, const Metrics& metrics, FleetReader read, base::Milliseconds patience = kScrapePatience)
      : domain_(domain), metrics_(metrics), read_(std::move(read)), patience_(patience) {}

  std::string text() const;        // Prometheus' text format
  WebServer::Pages pages() const;  // "/metrics"

 private:
  std::string text_of(const std::optional<Fleet>& fleet) const;

  boost::asio::io_context& domain_;
  const Metrics& metrics_;
  FleetReader read_;
  base::Milliseconds patience_;
};

}  // namespace lepton_operator::metrics
