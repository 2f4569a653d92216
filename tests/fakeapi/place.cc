#include "fakeapi/place.h"

#include <vector>

namespace lepton_operator::fakeapi {

namespace {

std::vector<std::string> segments_of(const std::string& path) {
  std::vector<std::string> segments;
  for (std::size_t from = 1; from <= path.size();) {
    const std::size_t end = std::min(path.find('/', from), path.size());
    segments.push_back(path.substr(from, end - from));
    from = end + 1;
  }
  return segments;
}

}  // namespace

std::string Place::collection() const { return api + (namespace_.empty() ? "" : "/namespaces/" + namespace_) + "/" + plural; }

std::string Place::object() const { return collection() + "/" + name; }

bool Place::holds(const std::string& object_path) const {
  const std::string own = object_path.substr(0, object_path.rfind('/'));
  if (own == collection()) return true;
  if (!namespace_.empty() || !object_path.starts_with(api + "/namespaces/")) return false;
  const std::size_t slash = own.find('/', api.size() + 12);  // behind the namespace
  return slash != std::string::npos && own.substr(slash + 1) == plural;
}

bool Place::has_status() const { return api == "/apis/lepton.dev/v1alpha1"; }

std::optional<Place> parse_place(const std::string& path) {
  const std::vector<std::string> segments = segments_of(path);
  const std::size_t lead = segments.front() == "api" ? 2 : 3;
  if (segments.size() <= lead || (segments.front() != "api" && segments.front() != "apis")) return std::nullopt;
  Place place;
  for (std::size_t i = 0; i < lead; ++i) place.api += "/" + segments[i];
  std::size_t at = lead;
  if (segments[at] == "namespaces" && segments.size() > at + 2) {
    place.namespace_ = segments[at + 1];
    at += 2;
  }
  place.plural = segments[at];
  if (segments.size() > at + 1) place.name = segments[at + 1];
  if (segments.size() > at + 2) place.subresource = segments[at + 2];
  return place;
}

std::string query_of(const base::HttpRequest& request, const std::string& name) {
  for (const auto& [key, value] : request.query) {
    if (key == name) return value;
  }
  return {};
}

bool selected(const std::string& object_path, const std::string& field_selector) {
  return field_selector.empty() || field_selector == "metadata.name=" + object_path.substr(object_path.rfind('/') + 1);
}

}  // namespace lepton_operator::fakeapi
