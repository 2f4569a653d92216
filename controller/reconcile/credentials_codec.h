// One snapshot of credentials as it is kept: {workspaceId, token, url, origin?}. Pure. Internal to reconcile/; what it makes is a secret.
#pragma once

#include <optional>

#include "base/json.h"
#include "lepton/credentials.h"

namespace lepton_operator::reconcile {

base::Json encode_credentials(const lepton::Credentials& credentials);
std::optional<lepton::Credentials> decode_credentials(const base::Json& entry);  // nothing when incomplete

}  // namespace lepton_operator::reconcile
