#include "store/folded.h"

#include <stdexcept>

#include "invocation/codec.h"
#include "kube/repetition.h"

namespace lepton_operator::store {

FoldedInvocation::FoldedInvocation(base::Packer& packer, const Pointer& object, std::string_view text)
    : packed_(text.empty() ? packer.pack(base::to_text(invocation::encode(*object))) : packer.pack(text)),
      mark_(object->mark),
      held_(object) {}

FoldedInvocation::Pointer FoldedInvocation::unfold() const {
  if (Pointer held = held_.lock()) return held;
  const base::Result<base::Json> json = base::parse_json(base::unpack(packed_), "an Invocation in memory");
  if (!json) throw std::logic_error(json.error().text());
  // Apart from its count, which held_ keeps: of make_shared() the whole would stay.
  std::shared_ptr<invocation::Invocation> object(new invocation::Invocation(invocation::decode_invocation(*json)));
  object->meta.annotations.erase(kube::kLastApplied);
  object->mark = mark_;
  held_ = object;
  return object;
}

}  // namespace lepton_operator::store
