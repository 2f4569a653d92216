// How one YAML scalar is read and written: YAML 1.2's core schema. Pure; shared by the reader and the writer, so that they agree.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace lepton_operator::base {

// `tag` as yaml-cpp gives it: "?" for plain, "!" for quoted, else an explicit one. Null is not handled here: the parser knows it.
Result<Json> read_scalar(std::string_view tag, const std::string& text);

// True when a reader of YAML 1.2 or of YAML 1.1 (PyYAML) could take the plain text for anything but a string.
bool reads_as_other_type(std::string_view text);

}  // namespace lepton_operator::base
