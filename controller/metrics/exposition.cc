#include "metrics/exposition.h"

#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "base/ask.h"
#include "metrics/fleet_families.h"

namespace lepton_operator::metrics {

namespace {

using prometheus::MetricFamily;

MetricFamily complete(bool yes) {
  MetricFamily family;
  family.name = "lepton_scrape_complete";
  family.help = "Whether this scrape shows the objects: 0 when the domain thread did not answer in time.";
  family.type = prometheus::MetricType::Gauge;
  family.metric.emplace_back().gauge.value = yes ? 1 : 0;
  return family;
}

}  // namespace

std::string Exposition::text() const {
  // Objects are immutable: the domain thread only hands them out, the text is made here.
  return text_of(base::ask<Fleet>(domain_, patience_, read_));
}

std::string Exposition::text_of(const std::optional<Fleet>& fleet) const {
  std::vector<MetricFamily> families = metrics_.registry()->Collect();
  if (fleet) {
    std::vector<MetricFamily> objects = families_of(*fleet);
    families.insert(families.end(), std::make_move_iterator(objects.begin()), std::make_move_iterator(objects.end()));
  }
  families.push_back(complete(fleet.has_value()));
  return prometheus::TextSerializer().Serialize(families);
}

WebServer::Pages Exposition::pages() const {
  return {{"/metrics", [this] { return Page{200, text(), "text/plain; version=0.0.4; charset=utf-8"}; }}};
}

}  // namespace lepton_operator::metrics
