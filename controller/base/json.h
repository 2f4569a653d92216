// The JSON value that manifests, wire bodies and free-form configuration share: cpprestsdk's, plus readers that cannot throw.
//
// Value type, no I/O. cpprestsdk's own accessors throw on a wrong type; the helpers here return what was asked for or nothing, so that a
// malformed answer is a value and never an exception. Object members are ordered by key, so equal values have equal text.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cpprest/json.h>

#include "base/result.h"

namespace lepton_operator::base {

using Json = web::json::value;

Json json_object();
Json json_array();

// Null when `object` is not an object or lacks the member. The pointer lives as long as `object` is not changed.
const Json* find(const Json& object, std::string_view member);

std::optional<std::string> get_string(const Json& object, std::string_view member);
std::optional<std::int64_t> get_int(const Json& object, std::string_view member);  // whole numbers only
std::optional<double> get_double(const Json& object, std::string_view member);
std::optional<bool> get_bool(const Json& object, std::string_view member);
const Json& get_object(const Json& object, std::string_view member);                // an empty object if absent or of another type
std::vector<std::string> get_strings(const Json& object, std::string_view member);  // the string elements of an array
std::span<const Json> elements(const Json* array);                                  // empty if null or not an array; a view of `array`

Json to_json(const std::vector<std::string>& values);
// Sets a member only when there is a value: absent stays absent on the wire.
void set_if(Json& object, const char* member, const std::optional<std::string>& value);
void set_if(Json& object, const char* member, const std::optional<std::int64_t>& value);

// `overlay` over `under`: objects merge member by member, everything else (lists too) replaces. A null in the overlay replaces as well.
Json merged(const Json& under, const Json& overlay);

// Text and back. Doubles are written in their shortest exact form (0.6, not 0.59999999999999998).
std::string to_text(const Json& value);
// One number, as to_text and to_yaml write it.
std::string number_text(const Json& number);
Result<Json> parse_json(std::string_view text, std::string_view where);

}  // namespace lepton_operator::base
