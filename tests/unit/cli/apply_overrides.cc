// Overrides laid over manifests for tests in other languages: for each line of standard input, {"object": ..., "overrides": [...]}, one
// line of standard output, {"object": ...} or {"error": "..."}.
#include <iostream>
#include <string>

#include "base/json.h"
#include "cli/overrides.h"

int main() {
  namespace base = lepton_operator::base;
  for (std::string line; std::getline(std::cin, line);) {
    const auto row = base::parse_json(line, "standard input");
    if (!row) {
      std::cerr << row.error().text() << "\n";
      return 2;
    }
    base::Json object = base::get_object(*row, "object");
    const auto done = lepton_operator::cli::apply_overrides(object, base::get_strings(*row, "overrides"));
    base::Json answer = base::json_object();
    if (done) {
      answer["object"] = object;
    } else {
      answer["error"] = base::Json::string(done.error().text());
    }
    std::cout << base::to_text(answer) << "\n";
  }
  return 0;
}
