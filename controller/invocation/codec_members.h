// How status is written to and read from JSON: what is empty is left out, what is not understood is as if it were absent. Internal to
// invocation/. Pure.
#pragma once

#include <limits>
#include <optional>
#include <string>

#include "invocation/codec.h"

namespace lepton_operator::invocation::codec {

inline void put(base::Json& object, const char* name, const std::string& value) {
  if (!value.empty()) object[name] = base::Json::string(value);
}
inline void put(base::Json& object, const char* name, std::int64_t value) {
  if (value != 0) object[name] = base::Json::number(value);
}
inline void put(base::Json& object, const char* name, const std::optional<Timestamp>& value) {
  if (value) object[name] = base::Json::string(base::format_timestamp(*value));
}
inline void put_flag(base::Json& object, const char* name, bool value) {
  if (value) object[name] = base::Json::boolean(true);
}
inline void put_part(base::Json& object, const char* name, base::Json part) {
  if (part.size() != 0) object[name] = std::move(part);
}

inline std::string text(const base::Json& object, const char* name) { return base::get_string(object, name).value_or(""); }
inline bool flag(const base::Json& object, const char* name) { return base::get_bool(object, name).value_or(false); }
inline int number(const base::Json& object, const char* name) {
  const std::int64_t value = base::get_int(object, name).value_or(0);
  return value >= 0 && value <= std::numeric_limits<int>::max() ? static_cast<int>(value) : 0;
}
inline std::optional<Timestamp> time(const base::Json& object, const char* name) {
  const std::optional<std::string> value = base::get_string(object, name);
  return value ? base::parse_timestamp(*value) : std::nullopt;
}

base::Json encode_resolved(const Resolved& resolved);
Resolved decode_resolved(const base::Json& object);
// `endpoints` and `message`, for printer columns.
void put_printable(base::Json& object, const InvocationStatus& status);

}  // namespace lepton_operator::invocation::codec
