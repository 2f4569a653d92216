#include "core/routing.h"

#include <algorithm>

namespace lepton_operator::simulator {

Response method_not_allowed(const Request& request) { return error_answer(405, request.method + " is not a method of this path"); }

std::optional<Response> refuse_unknown_query(const Request& request, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : request.query) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return error_answer(400, "unknown query parameter \"" + name + "\"");
    }
  }
  return std::nullopt;
}

std::variant<base::Json, Response> read_json(const Request& request) {
  const auto type = request.headers.find("content-type");
  if (type == request.headers.end() || !type->second.starts_with("application/json")) {
    return error_answer(400, "the body must be sent as application/json");
  }
  auto value = base::parse_json(request.body, "body");
  if (!value) return error_answer(400, "the body is not JSON: " + value.error().what);
  return std::move(*value);
}

Response refused(const Violation& violation) { return error_answer(violation.status, violation.message, violation.field); }

}  // namespace lepton_operator::simulator
