#include "store/kubernetes_sinks.h"

#include <functional>
#include <vector>

#include "kube/repetition.h"
#include "store/kubernetes_writes.h"

namespace lepton_operator::store {

using base::Json;

namespace {

std::string name_of(const Json& json) { return base::get_string(base::get_object(json, "metadata"), "name").value_or(""); }

invocation::StatusMark mark_of(const Json& json) {
  invocation::StatusMark mark;
  const Json* status = base::find(json, "status");
  if (status == nullptr) return mark;
  mark.present = true;
  mark.revision = base::get_int(*status, kRevision);
  mark.print = print_of(base::to_text(*status));
  return mark;
}

bool is_going(const Json& json) { return base::find(base::get_object(json, "metadata"), "deletionTimestamp") != nullptr; }

}  // namespace

std::size_t print_of(std::string_view status) { return std::hash<std::string_view>{}(status); }

void decode(const Json& json, invocation::Invocation& object) {
  object = invocation::decode_invocation(json);
  object.meta.annotations.erase(kube::kLastApplied);
  object.mark = mark_of(json);
}

void decode(const Json& json, invocation::Workspace& object) {
  object = invocation::decode_workspace(json);
  object.meta.annotations.erase(kube::kLastApplied);
  object.mark = mark_of(json);
}

void NamespaceSink::listed(const Json& json, std::string_view /*text*/) {
  if (is_going(json)) going_in_list_.insert(name_of(json));
}

void NamespaceSink::end_list() {
  const std::vector<std::string> before(going_.begin(), going_.end());
  for (const std::string& name : before) {
    if ((own_.empty() || own_ == name) && !going_in_list_.contains(name)) set(name, false);
  }
  for (const std::string& name : going_in_list_) set(name, true);
  going_in_list_.clear();
}

void NamespaceSink::added_or_modified(const Json& json) { set(name_of(json), is_going(json)); }

void NamespaceSink::deleted(const Json& json) { set(name_of(json), false); }

void NamespaceSink::set(const std::string& name, bool going) {
  const bool news = going ? going_.insert(name).second : going_.erase(name) > 0;
  if (news) changed_(name);
}

}  // namespace lepton_operator::store
