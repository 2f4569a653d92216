// YAML documents as Json values that remember where each field stands, and back.
//
// Reading: several documents in a stream; scalars by YAML 1.2's core schema, what was quoted stays a string ("123", "on"); duplicate keys,
// more than 64 levels or 1,000 alias expansions, and documents over 3 MiB are refused (a manifest that large would not fit in etcd either);
// what we wrote ourselves may be larger (YamlLimits).
// Pure; any thread (no yaml-cpp Node leaves the call).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace lepton_operator::base {

struct YamlDocument {
  Json value;
  int line = 1;                      // of the document's first node
  std::map<std::string, int> lines;  // "spec.evaluation.tasks[1].name" -> line; the root is ""

  // The line of `path`, or of its nearest ancestor that is there.
  int line_of(std::string_view path) const;
};

struct YamlLimits {
  std::size_t text = 3u << 20;  // bytes
  std::size_t levels = 64;
  int first_line = 1;  // of the text within its file, which may be a part of it
};

// Empty documents are skipped. The error's `where` is "<source>:<line>".
Result<std::vector<YamlDocument>> parse_yaml(std::string_view text, std::string_view source, YamlLimits limits = {});

// Block style, keys in order, multi-line strings as literal blocks; strings that would read as another type are quoted.
std::string to_yaml(const Json& value);

}  // namespace lepton_operator::base
