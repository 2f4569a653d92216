// What every route does first with its request: reads and checks the body, refuses query parameters that the contract does not have. Pure.
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "core/message.h"
#include "core/schema.h"

namespace lepton_operator::simulator {

Response method_not_allowed(const Request& request);

// An answer when the request carries a query parameter other than these.
std::optional<Response> refuse_unknown_query(const Request& request, std::initializer_list<std::string_view> known);

// The body as JSON, or the answer that refuses it: 400 for what is not JSON.
std::variant<base::Json, Response> read_json(const Request& request);

Response refused(const Violation& violation);

}  // namespace lepton_operator::simulator
