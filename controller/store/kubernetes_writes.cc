#include "store/kubernetes_writes.h"

#include <algorithm>
#include <utility>

namespace lepton_operator::store {

using base::Json;
using invocation::ObjectMeta;

namespace {

kube::JsonPatch standing_on(const ObjectMeta& read) {
  kube::JsonPatch patch;
  patch.test({"metadata", "uid"}, Json::string(read.uid));
  if (!read.deleted) patch.absent({"metadata", "deletionTimestamp"});
  return patch;
}

}  // namespace

std::int64_t next_revision(const invocation::StatusMark& mark) { return mark.revision.value_or(0) + 1; }

kube::JsonPatch status_patch(const ObjectMeta& read, const invocation::StatusMark& mark, Json status) {
  kube::JsonPatch patch = standing_on(read);
  if (!mark.present) {
    patch.absent({"status"});
  } else if (mark.revision) {
    patch.test({"status", kRevision}, Json::number(*mark.revision));
  } else {
    patch.absent({"status", kRevision});
  }
  patch.set({"status"}, std::move(status));
  return patch;
}

kube::JsonPatch finalizer_patch(const ObjectMeta& read, const std::string& finalizer, bool present) {
  const std::vector<std::string>& known = read.finalizers;
  kube::JsonPatch patch;
  patch.test({"metadata", "uid"}, Json::string(read.uid));
  if (!present) {
    const auto at = std::find(known.begin(), known.end(), finalizer);
    const std::string place = std::to_string(at - known.begin());
    patch.test({"metadata", "finalizers", place}, Json::string(finalizer)).remove({"metadata", "finalizers", place});
    return patch;
  }
  patch = standing_on(read);  // the API server takes no new finalizer for an object that is being deleted
  if (known.empty()) {
    patch.absent({"metadata", "finalizers"}).set({"metadata", "finalizers"}, base::to_json({finalizer}));
  } else {
    patch.test({"metadata", "finalizers"}, base::to_json(known)).set({"metadata", "finalizers", "-"}, Json::string(finalizer));
  }
  return patch;
}

// Finalizers aside: ours are in the answer of the very write, others' concern nobody here. A change of the spec makes a generation.
bool others_wrote(const ObjectMeta& read, const ObjectMeta& answer) {
  return read.generation != answer.generation || read.deleted != answer.deleted || read.annotations != answer.annotations;
}

}  // namespace lepton_operator::store
