#include "kube/json_patch.h"

#include <utility>

namespace lepton_operator::kube {

using base::Json;

namespace {

// RFC 6901.
std::string pointer(const JsonPatch::Path& path) {
  std::string text;
  for (const std::string& step : path) {
    text += '/';
    for (const char c : step) text += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  return text;
}

Json operation(const char* what, const JsonPatch::Path& path) {
  Json made = base::json_object();
  made["op"] = Json::string(what);
  made["path"] = Json::string(pointer(path));
  return made;
}

}  // namespace

JsonPatch& JsonPatch::add(const char* what, const Path& path, Json value) {
  Json made = operation(what, path);
  made["value"] = std::move(value);
  operations_[operations_.size()] = std::move(made);
  return *this;
}

JsonPatch& JsonPatch::remove(const Path& path) {
  operations_[operations_.size()] = operation("remove", path);
  return *this;
}

}  // namespace lepton_operator::kube
