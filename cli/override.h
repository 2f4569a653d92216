// One override of the command line, `[+|++|~]KEY[=VALUE]` in Hydra's grammar, taken apart. Pure; any thread.
//
// Fails (kInvalid) with a sentence; Error::where is the override without its value, which may be a secret.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace lepton_operator::cli {

enum class OverrideKind {
  kChange,    // key=value
  kAdd,       // +key=value: refused when something is there
  kForceAdd,  // ++key=value: whether or not something is there
  kRemove,    // ~key, ~key=value
};

struct Override {
  OverrideKind kind = OverrideKind::kChange;
  std::vector<std::string> path;    // never empty
  std::optional<base::Json> value;  // only a removal may have none

  std::string key() const;  // as it was written: "evaluation.tasks.0.name"
};

base::Result<Override> parse_override(std::string_view text);

}  // namespace lepton_operator::cli
