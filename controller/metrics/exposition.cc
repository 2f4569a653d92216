#include "metrics/exposition.h"

#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "base/ask.h"
#include "base/memory.h"
#include "metrics/fleet_families.h"

namespace lepton_operator::metrics {

namespace {

using prometheus::MetricFamily;

constexpr std::size_t kMany = 500;

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
  const std::optional<Fleet> fleet = base::ask<Fleet>(domain_, patience_, read_);
  std::string made = text_of(fleet);
  if (fleet && fleet->invocations.size() >= kMany) base::give_memory_back();  // a series takes ten times as much as its line
  return made;
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
