#include "fakeapi/patches.h"

#include <algorithm>

namespace lepton_operator::fakeapi {

namespace {

bool apply_to_list(Json& list, const std::string& what, const std::string& last, const Json& operation) {
  if (what == "add" && last == "-") return list[list.size()] = operation.at("value"), true;
  const std::size_t at = std::stoul("0" + last);
  if (at >= list.size()) return false;
  if (what == "test") return list.at(at) == operation.at("value");
  if (what != "remove") return false;
  list.erase(at);
  return true;
}

}  // namespace

Json merge_patched(Json under, const Json& patch) {
  for (const auto& [name, value] : patch.as_object()) {
    if (value.is_null()) {
      if (base::find(under, name)) under.erase(name);
    } else if (value.is_object()) {
      const Json* below = base::find(under, name);
      under[name] = merge_patched(below && below->is_object() ? *below : base::json_object(), value);
    } else {
      under[name] = value;
    }
  }
  return under;
}

bool apply_operation(Json& object, const Json& operation) {
  const std::string what = base::get_string(operation, "op").value_or("");
  std::string path = base::get_string(operation, "path").value_or("");
  const std::string last = path.substr(path.rfind('/') + 1);
  path.resize(path.rfind('/'));
  Json* within = &object;
  for (std::size_t from = 1; from <= path.size();) {
    const std::size_t end = std::min(path.find('/', from), path.size());
    const std::string step = path.substr(from, end - from);
    if (!within->is_object() || !base::find(*within, step)) return false;
    within = &(*within)[step];
    from = end + 1;
  }
  if (within->is_array()) return apply_to_list(*within, what, last, operation);
  const Json* there = base::find(*within, last);
  if (what == "test") {
    const Json& wanted = operation.at("value");
    return there ? *there == wanted : wanted.is_null();
  }
  if (what == "add") return (*within)[last] = operation.at("value"), true;
  if (!there) return false;
  within->erase(last);
  return true;
}

}  // namespace lepton_operator::fakeapi
