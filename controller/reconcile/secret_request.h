// The Lepton secret that is made for an Invocation: one home for what the executor sends and `kubectl lepton render` shows. Pure.
#pragma once

#include <string>
#include <utility>

#include "invocation/names.h"
#include "invocation/rendering.h"

namespace lepton_operator::reconcile {

// Secrets have no labels: its marks are tags.
inline lepton::NewSecret secret_request(const std::string& install_id, const invocation::ObjectMeta& owner,
                                        const invocation::WantedSecret& wanted, std::string value) {
  lepton::NewSecret secret;
  secret.name = wanted.name;
  secret.value = std::move(value);
  for (const auto& [mark, text] : invocation::owner_labels(install_id, owner, "", 0)) {
    if (mark != invocation::kAttemptLabel) secret.tags.push_back(std::string(mark).append("=").append(text));
  }
  return secret;
}

}  // namespace lepton_operator::reconcile
