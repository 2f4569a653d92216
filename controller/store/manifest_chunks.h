// A manifest file that is no YAML as a whole, taken by its lines: the broken document must not cost its neighbours, and its author should
// be told at the object that it is about. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace lepton_operator::store {

struct ManifestChunk {
  std::string text;
  int first_line = 1;
};

// "---" in the first column ends a document, whatever stands before it.
std::vector<ManifestChunk> split_documents(std::string_view text);

// {kind, metadata: {namespace, name}} as far as lines in block style tell.
base::Json guess_header(std::string_view text);

}  // namespace lepton_operator::store
