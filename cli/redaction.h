// Takes out of a manifest what is likely a secret that stands in it literally, so that what is made of it may be shown.
//
// Hidden are: the values of deployment.apiTokens; text under a name that ends in key, token, secret, password or the like, as a variable, a
// field of a run configuration, a flag ("--api-key=...") or an assignment in a command; and the user and password of a URL. References to
// secrets are no secrets, and stay. Pure. Whatever hides a secret under another name is not known for one: docs/cli.md says so.
#pragma once

#include "base/json.h"

namespace lepton_operator::cli {

inline constexpr const char* kHidden = "***";  // what stands in a secret's place

base::Json without_secrets(const base::Json& spec);

}  // namespace lepton_operator::cli
