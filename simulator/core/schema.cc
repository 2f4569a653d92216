#include "core/schema.h"

#include <algorithm>

#include <cmath>

namespace lepton_operator::simulator {
namespace {

std::string below(const std::string& field, const std::string& member) { return field.empty() ? member : field + "." + member; }

std::string shown(double bound) { return std::to_string(static_cast<long long>(bound)); }

}  // namespace

Schema Schema::boolean() { return Schema(Kind::kBoolean); }
Schema Schema::string() { return Schema(Kind::kString); }
Schema Schema::anything() { return Schema(Kind::kAnything); }

Schema Schema::choice(std::vector<std::string> values) {
  Schema schema(Kind::kString);
  schema.choices_ = std::move(values);
  return schema;
}

Schema Schema::integer(double least, double most) {
  Schema schema(Kind::kInteger);
  schema.least_ = least;
  schema.most_ = most;
  return schema;
}

Schema Schema::number(double least, double most) {
  Schema schema(Kind::kNumber);
  schema.least_ = least;
  schema.most_ = most;
  return schema;
}

Schema Schema::list(Schema items) {
  Schema schema(Kind::kList);
  schema.items_ = std::make_shared<const Schema>(std::move(items));
  return schema;
}

Schema Schema::map(Schema values, Rule key_rule) {
  Schema schema(Kind::kMap);
  schema.items_ = std::make_shared<const Schema>(std::move(values));
  schema.key_rule_ = std::move(key_rule);
  return schema;
}

Schema Schema::object(std::map<std::string, Schema> members, std::set<std::string> required) {
  Schema schema(Kind::kObject);
  for (auto& [name, member] : members) schema.members_[name] = std::make_shared<const Schema>(member);
  schema.required_ = std::move(required);
  return schema;
}

Schema Schema::with(Rule rule) const {
  Schema schema = *this;
  schema.rules_.push_back(std::move(rule));
  return schema;
}

Schema Schema::without_required() const {
  Schema schema = *this;
  schema.required_.clear();
  for (auto& [name, member] : schema.members_) {
    if (member->kind_ == Kind::kObject) member = std::make_shared<const Schema>(member->without_required());
  }
  return schema;
}

std::optional<Violation> Schema::check(const base::Json& value, const std::string& field) const {
  if (auto violation = check_type(value, field)) return violation;
  for (const Rule& rule : rules_) {
    if (auto message = rule(value)) return Violation{field, *message};
  }
  return std::nullopt;
}

std::optional<Violation> Schema::check_type(const base::Json& value, const std::string& field) const {
  switch (kind_) {
    case Kind::kAnything: return std::nullopt;
    case Kind::kBoolean:
      if (!value.is_boolean()) return Violation{field, "must be true or false"};
      return std::nullopt;
    case Kind::kString:
      if (!value.is_string()) return Violation{field, "must be a string"};
      if (!choices_.empty() && std::find(choices_.begin(), choices_.end(), value.as_string()) == choices_.end()) {
        return Violation{field, "\"" + value.as_string() + "\" is not one of its values"};
      }
      return std::nullopt;
    case Kind::kInteger:
    case Kind::kNumber:
      if (!value.is_number()) return Violation{field, "must be a number"};
      if (kind_ == Kind::kInteger && std::floor(value.as_double()) != value.as_double()) return Violation{field, "must be a whole number"};
      if (value.as_double() < least_ || value.as_double() > most_) {
        return Violation{field, "must be between " + shown(least_) + " and " + shown(most_)};
      }
      return std::nullopt;
    case Kind::kList: return check_list(value, field);
    case Kind::kMap: return check_map(value, field);
    case Kind::kObject: return check_object(value, field);
  }
  __builtin_unreachable();
}

std::optional<Violation> Schema::check_list(const base::Json& value, const std::string& field) const {
  if (!value.is_array()) return Violation{field, "must be a list"};
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (auto violation = items_->check(value.at(i), field + "[" + std::to_string(i) + "]")) return violation;
  }
  return std::nullopt;
}

std::optional<Violation> Schema::check_map(const base::Json& value, const std::string& field) const {
  if (!value.is_object()) return Violation{field, "must be an object"};
  for (const auto& [key, member] : value.as_object()) {
    if (key_rule_) {
      if (auto message = key_rule_(base::Json::string(key))) return Violation{below(field, key), *message};
    }
    if (auto violation = items_->check(member, below(field, key))) return violation;
  }
  return std::nullopt;
}

std::optional<Violation> Schema::check_object(const base::Json& value, const std::string& field) const {
  if (!value.is_object()) return Violation{field, "must be an object"};
  const std::string* before = nullptr;  // members are ordered, so equal keys are neighbours
  for (const auto& [key, member] : value.as_object()) {
    if (before != nullptr && *before == key) return Violation{below(field, key), "stands there twice"};
    before = &key;
    const auto known = members_.find(key);
    if (known == members_.end()) return Violation{below(field, key), "unknown field"};
    if (auto violation = known->second->check(member, below(field, key))) return violation;
  }
  for (const std::string& name : required_) {
    if (!value.has_field(name)) return Violation{below(field, name), "is required"};
  }
  return std::nullopt;
}

base::Json merge_patch(const base::Json& target, const base::Json& patch) {
  if (!patch.is_object()) return patch;
  base::Json merged = target.is_object() ? target : base::json_object();
  for (const auto& [key, value] : patch.as_object()) {
    if (value.is_null()) {
      if (merged.has_field(key)) merged.erase(key);
    } else {
      merged[key] = merge_patch(merged.has_field(key) ? merged.at(key) : base::Json(), value);
    }
  }
  return merged;
}

base::Json without_nulls(const base::Json& patch) {
  if (!patch.is_object()) return patch;
  base::Json kept = base::json_object();
  for (const auto& [key, value] : patch.as_object()) {
    if (!value.is_null()) kept[key] = without_nulls(value);
  }
  return kept;
}

}  // namespace lepton_operator::simulator
