#include "invocation/object_reader.h"

#include <algorithm>

#include "base/strings.h"

namespace lepton_operator::invocation {

using base::find;

namespace {

const Json kEmptyObject = Json::object();

std::string range_text(std::int64_t least, std::int64_t most) {
  if (most == ObjectReader::kNoLimit) return "must be a whole number, at least " + std::to_string(least);
  return "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most);
}

}  // namespace

std::string kind_of(const Json& value) {
  switch (value.type()) {
    case Json::Null: return "null";
    case Json::Boolean: return "a boolean";
    case Json::Number: return "a number";
    case Json::String: return "a string";
    case Json::Array: return "a list";
    case Json::Object: return "an object";
  }
  __builtin_unreachable();
}

bool holds_nul(const Json& value) {
  if (value.is_string()) return value.as_string().find('\0') != std::string::npos;
  if (value.is_array()) {
    const auto& items = value.as_array();
    return std::any_of(items.begin(), items.end(), holds_nul);
  }
  if (!value.is_object()) return false;
  const auto& members = value.as_object();
  return std::any_of(members.begin(), members.end(),
                     [](const auto& member) { return member.first.find('\0') != std::string::npos || holds_nul(member.second); });
}

ObjectReader::ObjectReader(const Json& value, std::string path, std::vector<FieldError>& errors)
    : value_(value.is_object() ? value : kEmptyObject), path_(std::move(path)), errors_(errors) {
  if (!value.is_object()) errors_.push_back({path_, "must be an object, not " + kind_of(value)});
}

std::string ObjectReader::path_of(std::string_view name) const {
  if (name.empty()) return path_;
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

const Json* ObjectReader::raw(const char* name) {
  if (std::find(known_.begin(), known_.end(), name) == known_.end()) known_.emplace_back(name);
  const Json* value = find(value_, name);
  return value != nullptr && value->is_null() ? nullptr : value;
}

bool ObjectReader::has(const char* name) { return raw(name) != nullptr; }

void ObjectReader::error(const char* name, std::string message) { errors_.push_back({path_of(name), std::move(message)}); }

std::optional<std::string> ObjectReader::string_member(const char* name) {
  const Json* value = raw(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) {
    const bool quotable = value->is_number() || value->is_boolean();
    error(name, "must be a string, not " + kind_of(*value) + (quotable ? "; put it in quotes" : ""));
    return std::nullopt;
  }
  if (holds_nul(*value)) {
    error(name, "must not hold a NUL character");
    return std::nullopt;
  }
  return value->as_string();
}

std::optional<std::string> ObjectReader::possibly_empty_text(const char* name) { return string_member(name); }

std::optional<std::string> ObjectReader::text(const char* name) {
  std::optional<std::string> value = string_member(name);
  if (value && value->empty()) {
    error(name, "must not be empty; leave the field out instead");
    return std::nullopt;
  }
  return value;
}

std::optional<std::int64_t> ObjectReader::whole(const char* name, std::int64_t least, std::int64_t most) {
  if (!has(name)) return std::nullopt;
  const std::optional<std::int64_t> value = base::get_int(value_, name);
  if (value && *value >= least && *value <= most) return value;
  error(name, range_text(least, most));
  return std::nullopt;
}

std::optional<double> ObjectReader::number(const char* name, double least) {
  if (!has(name)) return std::nullopt;
  const std::optional<double> value = base::get_double(value_, name);
  if (value && *value >= least) return value;
  error(name, "must be a number, at least " + base::number_text(Json::number(least)));
  return std::nullopt;
}

std::optional<bool> ObjectReader::boolean(const char* name) {
  if (!has(name)) return std::nullopt;
  const std::optional<bool> value = base::get_bool(value_, name);
  if (!value) error(name, "must be true or false");
  return value;
}

std::optional<Milliseconds> ObjectReader::duration(const char* name, Milliseconds least) {
  const Json* value = raw(name);
  if (value == nullptr) return std::nullopt;
  const std::optional<Milliseconds> parsed = value->is_string() ? base::parse_duration(value->as_string()) : std::nullopt;
  if (!parsed) {
    error(name, "must be a duration such as 20m, 90s or 1h30m");
    return std::nullopt;
  }
  if (*parsed >= least) return parsed;
  error(name, "must be at least " + base::format_duration(least));
  return std::nullopt;
}

std::optional<std::int64_t> ObjectReader::seconds(const char* name) {
  const Json* value = raw(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) {
    const std::optional<Milliseconds> parsed = base::parse_duration(value->as_string());
    if (parsed && *parsed >= Milliseconds(0)) return std::chrono::ceil<std::chrono::seconds>(*parsed).count();
  } else if (const std::optional<std::int64_t> number = base::get_int(value_, name); number && *number >= 0) {
    return number;
  }
  error(name, "must be a duration such as 1h, or a whole number of seconds");
  return std::nullopt;
}

std::vector<std::string> ObjectReader::texts(const char* name) {
  const Json* value = raw(name);
  if (value == nullptr) return {};
  if (!value->is_array()) {
    error(name, "must be a list of strings, not " + kind_of(*value));
    return {};
  }
  std::vector<std::string> result;
  std::size_t index = 0;
  for (const Json& item : base::elements(value)) {
    const std::string path = path_of(name) + "[" + std::to_string(index++) + "]";
    if (!item.is_string()) {
      errors_.push_back(
          {path, "must be a string, not " + kind_of(item) + (item.is_number() || item.is_boolean() ? "; put it in quotes" : "")});
    } else if (holds_nul(item)) {
      errors_.push_back({path, "must not hold a NUL character"});
    } else {
      result.push_back(item.as_string());
    }
  }
  return result;
}

Json ObjectReader::free_object(const char* name) {
  const Json* value = raw(name);
  if (value == nullptr) return base::json_object();
  if (!value->is_object()) {
    error(name, "must be an object, not " + kind_of(*value));
    return base::json_object();
  }
  if (holds_nul(*value)) error(name, "must not hold a NUL character");
  return *value;
}

std::optional<std::size_t> ObjectReader::choice(const char* name, const std::vector<std::string>& choices) {
  const std::optional<std::string> value = string_member(name);
  if (!value) return std::nullopt;
  const auto found = std::find(choices.begin(), choices.end(), *value);
  if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
  error(name, "must be one of " + base::join(choices, ", "));
  return std::nullopt;
}

void ObjectReader::object(const char* name, const Body& body) {
  const Json* value = raw(name);
  if (value == nullptr) return;
  const bool readable = value->is_object();
  ObjectReader reader(*value, path_of(name), errors_);
  if (!readable) return;  // said so already; what it lacks follows from that
  body(reader);
  reader.check_unknown();
}

void ObjectReader::each(const char* name, std::size_t most, const Body& body) {
  const Json* value = raw(name);
  if (value == nullptr) return;
  if (!value->is_array()) {
    error(name, "must be a list, not " + kind_of(*value));
    return;
  }
  if (value->size() > most)
    error(name, "has " + std::to_string(value->size()) + " entries; at most " + std::to_string(most) + " are allowed");
  std::size_t index = 0;
  for (const Json& item : base::elements(value)) {
    if (index == most) return;
    ObjectReader reader(item, path_of(name) + "[" + std::to_string(index++) + "]", errors_);
    if (!item.is_object()) continue;
    body(reader);
    reader.check_unknown();
  }
}

void ObjectReader::each_text(const char* name, const std::function<void(const std::string&, const std::string&)>& body) {
  const Json* value = raw(name);
  if (value == nullptr) return;
  if (!value->is_object()) {
    error(name, "must be an object, not " + kind_of(*value));
    return;
  }
  ObjectReader reader(*value, path_of(name), errors_);
  for (const auto& [key, ignored] : value->as_object()) {
    const std::optional<std::string> member = reader.text(key.c_str());
    if (member) body(key, *member);
  }
}

void ObjectReader::refuse(const char* name, const std::string& message) {
  if (has(name)) error(name, message);
}

void ObjectReader::require(const char* name, const std::string& message) {
  if (!has(name)) error(name, message);
}

void ObjectReader::check_unknown() {
  for (const auto& [name, ignored] : value_.as_object()) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    const std::vector<std::string> near = base::nearest(name, known_, 1);
    error(name.c_str(), near.empty() ? "unknown field" : "unknown field; did you mean " + near.front() + "?");
  }
}

}  // namespace lepton_operator::invocation
