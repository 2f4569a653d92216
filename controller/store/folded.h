// An Invocation that nobody needs for a while, kept small: its text, packed against those of others. What was made of it once is given
// again for as long as somebody holds it.
//
// Thread rule: domain thread only. Owner: whoever holds it; it does not change.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/packer.h"
#include "invocation/object.h"

namespace lepton_operator::store {

class FoldedInvocation {
 public:
  using Pointer = std::shared_ptr<const invocation::Invocation>;

  // `text`: what the object was decoded from, where that is at hand; else it is encoded.
  FoldedInvocation(base::Packer& packer, const Pointer& object, std::string_view text = {});

  Pointer unfold() const;

 private:
  base::Packed packed_;
  invocation::StatusMark mark_;
  mutable std::weak_ptr<const invocation::Invocation> held_;
};

}  // namespace lepton_operator::store
