// The manifests that a verb is given with -f, with the overrides laid over every Invocation in them.
//
// Checked as the directory mode checks a file, after the overrides: what is wrong is told by file, line and field. "-" is standard input.
// Main thread, on which it blocks. Fails with trouble of wrong usage, or kInterrupted when Ctrl-C came while it read, since what was read
// by then may be half of it; nothing was sent then.
#pragma once

#include <string>
#include <vector>

#include "cli/session.h"
#include "cli/verdict.h"
#include "store/manifest.h"

namespace lepton_operator::cli {

struct ManifestInput {
  std::vector<std::string> files;
  std::vector<std::string> overrides = {};
  std::string namespace_ = "default";  // of manifests that have none
  bool only_there = false;             // it was asked for: a manifest of another one is refused, as kubectl does
};

// In the order of files and documents, each with its namespace; no two of one kind, namespace and name, and at least one.
Found<std::vector<store::Document>> read_manifests(const ManifestInput& input, Session& session);

}  // namespace lepton_operator::cli
