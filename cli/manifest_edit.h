// One change in a manifest's text that leaves all else as it was written: comments, layout, the other documents.
//
// Candidates are made by lines and then read again; only a text that says exactly what was meant, in every document, is handed out. Where
// the layout allows none (aliases, a field over several lines), there is no result, and the change is the author's to make. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace lepton_operator::cli {

struct Edit {
  std::string text;
  int line = 0;  // where the change is
};

// Sets `field` of the object at `parent` ("spec", "spec.evaluation.tasks[1]") in the document that begins at line `document`.
std::optional<Edit> with_field(const std::string& text, int document, const std::string& parent, const std::string& field,
                               const base::Json& value);

// Without the document that begins at that line; the separator before it goes too.
std::optional<Edit> without_document(const std::string& text, int document);

}  // namespace lepton_operator::cli
