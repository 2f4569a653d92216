// An Invocation that nobody needs for a while, kept small: its text, packed against those of others. What was made of it once is given
// again for as long as somebody holds it.
//
// Thread rule: domain thread only. Owner: whoever holds it; it does not change.
#pragma once

#include <memory>

#include "base/packer.h"
#include "invocation/object.h"

namespace lepton_operator::store {

class FoldedInvocation {
 public:
  using Pointer = std::shared_ptr<const invocation::Invocation>;

  FoldedInvocation(base::Packer& packer, const Pointer& object);

  Pointer unfold() const;

 private:
  base::Packed packed_;
  invocation::StatusMark mark_;
  mutable std::weak_ptr<const invocation::Invocation> held_;
};

}  // namespace lepton_operator::store
