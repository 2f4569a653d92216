#include "kube/store.h"

#include <algorithm>

#include "base/strings.h"

namespace lepton_operator::kube {

namespace {

bool is_number(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), base::is_digit); }

std::string_view without_zeros(std::string_view digits) {
  const auto first = digits.find_first_not_of('0');
  return first == std::string_view::npos ? digits.substr(digits.size() - 1) : digits.substr(first);
}

}  // namespace

std::string key_of(const Json& object) {
  const Json& about = base::get_object(object, "metadata");
  const std::string name = base::get_string(about, "name").value_or("");
  const std::string namespace_ = base::get_string(about, "namespace").value_or("");
  return namespace_.empty() ? name : namespace_ + "/" + name;
}

ObjectName name_of(const std::string& key) {
  const auto slash = key.find('/');
  if (slash == std::string::npos) return {.namespace_ = "", .name = key};
  return {.namespace_ = key.substr(0, slash), .name = key.substr(slash + 1)};
}

std::string resource_version_of(const Json& object) {
  return base::get_string(base::get_object(object, "metadata"), "resourceVersion").value_or("");
}

std::optional<std::string> label_of(const Json& object, std::string_view label) {
  return base::get_string(base::get_object(base::get_object(object, "metadata"), "labels"), label);
}

std::optional<std::string> annotation_of(const Json& object, std::string_view annotation) {
  return base::get_string(base::get_object(base::get_object(object, "metadata"), "annotations"), annotation);
}

bool at_least(std::string_view seen, std::string_view wanted) {
  if (seen == wanted) return true;
  if (!is_number(seen) || !is_number(wanted)) return false;
  seen = without_zeros(seen);
  wanted = without_zeros(wanted);
  return seen.size() != wanted.size() ? seen.size() > wanted.size() : seen >= wanted;
}

void OwnWrites::note(const std::string& key, std::string version, std::string_view shown) {
  if (version.empty() || at_least(shown, version)) return;  // the watch was faster than the answer, or nothing changed
  const auto known = awaited_.find(key);
  if (known != awaited_.end() && at_least(known->second.version, version)) return;
  awaited_[key] = Write{std::move(version), list_};
}

void OwnWrites::show(const std::string& key, std::string_view version) {
  const auto found = awaited_.find(key);
  if (found != awaited_.end() && at_least(version, found->second.version)) awaited_.erase(found);
}

void OwnWrites::end_list() {
  std::erase_if(awaited_, [this](const auto& write) { return write.second.during < list_; });
}

}  // namespace lepton_operator::kube
