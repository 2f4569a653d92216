// The right side of an override, `KEY=VALUE`, by Hydra 1.3's grammar (OverrideParser.g4): numbers, booleans, null, text with and without
// quotes, lists, dicts, nested as one likes.
//
// Left out, and refused with a sentence: sweeps (a,b), functions (choice(...), int(...)), interpolations (${...}), and numbers that JSON
// cannot hold (inf, nan). docs/cli.md lists every difference. Pure; any thread. An error never repeats the value: it may be a secret.
#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace lepton_operator::cli {

// Empty text is the empty string, as in Hydra.
base::Result<base::Json> parse_override_value(std::string_view text);

}  // namespace lepton_operator::cli
