#include "lepton/log_lines.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace lepton_operator::lepton {

using base::Json;

std::vector<LogLine> log_lines_of(const Json& body) {
  std::vector<LogLine> found;
  for (const Json& stream : base::elements(base::find(base::get_object(body, "data"), "result"))) {
    for (const Json& value : base::elements(base::find(stream, "values"))) {
      const auto pair = base::elements(&value);
      if (pair.size() < 2 || !pair[1].is_string()) continue;
      LogLine line{0, pair[1].as_string()};
      while (!line.text.empty() && (line.text.back() == '\n' || line.text.back() == '\r')) line.text.pop_back();
      const std::string at = pair[0].is_string() ? pair[0].as_string() : base::to_text(pair[0]);
      std::from_chars(at.data(), at.data() + at.size(), line.at);
      found.push_back(std::move(line));
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const LogLine& a, const LogLine& b) { return a.at < b.at; });
  return found;
}

std::vector<std::string> replica_ids_of(const Json& body) {
  std::vector<std::string> ids;
  for (const Json& replica : base::elements(&body)) {
    auto id = base::get_string(base::get_object(replica, "metadata"), "id");
    if (!id || id->empty()) id = base::get_string(replica, "id");
    if (id && !id->empty()) ids.push_back(*std::move(id));
  }
  return ids;
}

}  // namespace lepton_operator::lepton
