// The Lepton secret that is made for an Invocation: one home for what the executor sends and `kubectl lepton render` shows. Pure.
#pragma once

#include <string>
#include <utility>

#include "invocation/names.h"
#include "invocation/rendering.h"

namespace lepton_operator::reconcile {

inline lepton::NewSecret secret_request(const invocation::ObjectMeta& owner, const invocation::WantedSecret& wanted, std::string value) {
  lepton::NewSecret secret;
  secret.name = wanted.name;
  secret.value = std::move(value);
  secret.tags.push_back(std::string(invocation::kUidLabel) + "=" + owner.uid);
  return secret;
}

}  // namespace lepton_operator::reconcile
