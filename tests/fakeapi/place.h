// A path of the Kubernetes API taken apart, and which objects and resources it means. Pure.
#pragma once

#include <optional>
#include <string>

#include "base/http.h"

namespace lepton_operator::fakeapi {

struct Place {
  std::string api;         // "/apis/lepton.dev/v1alpha1"
  std::string namespace_;  // empty: cluster-scoped, or of all namespaces
  std::string plural;
  std::string name;         // empty: the collection
  std::string subresource;  // "status"

  std::string collection() const;
  std::string object() const;                        // its path, without a subresource
  bool holds(const std::string& object_path) const;  // a collection, also of all namespaces
  bool has_status() const;                           // a status subresource, and with it generations
};

std::optional<Place> parse_place(const std::string& path);
std::string query_of(const base::HttpRequest& request, const std::string& name);
// Of field selectors "metadata.name=x" alone is known.
bool selected(const std::string& object_path, const std::string& field_selector);

}  // namespace lepton_operator::fakeapi
