// Where an object's manifest stood and what it said, as its annotation lepton.dev/manifest has it: "nim.yaml@<16 hex digits>".
//
// A state file is UTF-8 and a file's name need not be: of such a name the bytes that are none stand as "%FF", after a "%" that says so.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "store/manifest.h"

namespace lepton_operator::store {

inline constexpr const char* kManifestAnnotation = "lepton.dev/manifest";

std::string short_hash(const Document& document);
std::string manifest_mark(const Document& document);
std::string mark_of(std::string_view file, std::string_view hash);
std::string file_in(std::string_view mark);
std::string hash_in(std::string_view mark);

}  // namespace lepton_operator::store
