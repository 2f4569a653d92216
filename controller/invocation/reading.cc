#include "invocation/reading.h"

#include "invocation/defaults.h"

namespace lepton_operator::invocation {
namespace {

SpecReading read_over(const Invocation& object, const base::Json& defaults) {
  return std::make_shared<const Checked<InvocationSpec>>(decode_invocation_spec(effective_spec(object.spec, defaults)));
}

}  // namespace

SpecReading read_spec(const Invocation& object, const base::Json& workspace_defaults) {
  const auto& resolved = object.status.resolved;
  return read_over(object, resolved ? resolved->defaults : resolved_defaults(workspace_defaults));
}

Checked<StorageSpec> read_storage_spec(const Invocation& object) {
  return decode_storage_section(effective_storage(object.spec, object.status.resolved->defaults));
}

bool Readings::Entry::is_of(const Invocation& object, const base::Json& over) const {
  return reading && generation == object.meta.generation && *defaults == over;
}

SpecReading Readings::of(const Invocation& object, const base::Json& workspace_defaults) {
  const auto& resolved = object.status.resolved;
  const base::Json unfrozen = resolved ? base::Json() : resolved_defaults(workspace_defaults);
  const base::Json& defaults = resolved ? resolved->defaults : unfrozen;
  Entry& entry = entry_of(object.meta.uid);
  if (entry.is_of(object, defaults)) return entry.reading;
  if (*latest_ != defaults) latest_ = std::make_shared<const base::Json>(defaults);
  entry.generation = object.meta.generation;
  entry.defaults = latest_;
  entry.reading = read_over(object, defaults);
  return entry.reading;
}

Readings::Entry& Readings::entry_of(const std::string& uid) {
  const auto known = by_uid_.find(uid);
  if (known != by_uid_.end()) {
    entries_.splice(entries_.begin(), entries_, known->second);
    return entries_.front();
  }
  if (entries_.size() >= most_ && !entries_.empty()) {
    by_uid_.erase(entries_.back().uid);
    entries_.pop_back();
  }
  entries_.push_front({.uid = uid, .generation = 0, .defaults = nullptr, .reading = nullptr});
  by_uid_[entries_.front().uid] = entries_.begin();
  return entries_.front();
}

}  // namespace lepton_operator::invocation
