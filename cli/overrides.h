// Overrides of the command line laid over a manifest, in Hydra 1.3's grammar and meaning: docs/cli.md, "Overrides", has both and the
// differences.
//
// A path begins below spec (or with `spec.` or `metadata.`). Fields are those of the CRD's schema (manifest_schema.h): an unknown one is
// refused with the nearest name, one that the manifest leaves out may be set; where the schema takes anything, as Hydra has it, what is not
// there yet needs a `+`. Elements of lists are named by their index or, where they have one, their name. Pure; any thread.
//
// Fails (kInvalid) at the first override that cannot be; `object` is as it was then. Error::where is the override without its value, which
// may be a secret, and so may everything in the manifest: no sentence repeats either.
#pragma once

#include <span>
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace lepton_operator::cli {

// `object`: an Invocation as its manifest has it. In the order given: later ones see what earlier ones did.
base::Result<> apply_overrides(base::Json& object, std::span<const std::string> overrides);

}  // namespace lepton_operator::cli
