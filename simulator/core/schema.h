// A small schema language for request bodies: the contract's tables are written in it (contract.cc), and nothing else is accepted.
//
// check() names the first field that is wrong, as "spec.envs[2].value". Unknown members, nulls and wrong types are violations. Pure.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"

namespace lepton_operator::simulator {

struct Violation {
  std::string field;
  std::string message;
  int status = 422;
};

class Schema {
 public:
  // Says what is wrong with a value of the right shape, or nothing.
  using Rule = std::function<std::optional<std::string>(const base::Json&)>;

  static Schema boolean();
  static Schema string();
  static Schema choice(std::vector<std::string> values);
  static Schema integer(double least, double most);
  static Schema number(double least, double most);
  static Schema list(Schema items);
  static Schema map(Schema values, Rule key_rule);  // a free object; the rule sees the key as a JSON string
  static Schema object(std::map<std::string, Schema> members, std::set<std::string> required = {});
  static Schema anything();

  Schema with(Rule rule) const;     // in addition to what it has
  Schema without_required() const;  // for PATCH: nothing is required, at any depth but in lists
  std::optional<Violation> check(const base::Json& value, const std::string& field = "") const;

 private:
  enum class Kind { kAnything, kBoolean, kString, kInteger, kNumber, kList, kMap, kObject };

  explicit Schema(Kind kind) : kind_(kind) {}
  std::optional<Violation> check_type(const base::Json& value, const std::string& field) const;
  std::optional<Violation> check_list(const base::Json& value, const std::string& field) const;
  std::optional<Violation> check_map(const base::Json& value, const std::string& field) const;
  std::optional<Violation> check_object(const base::Json& value, const std::string& field) const;

  Kind kind_;
  double least_ = 0;
  double most_ = 0;
  std::vector<std::string> choices_;
  std::shared_ptr<const Schema> items_;
  std::map<std::string, std::shared_ptr<const Schema>> members_;
  std::set<std::string> required_;
  Rule key_rule_;
  std::vector<Rule> rules_;
};

// RFC 7386: objects merge, null removes, everything else (lists too) replaces.
base::Json merge_patch(const base::Json& target, const base::Json& patch);
// `patch` without its null members, so that the rest can be checked against a schema.
base::Json without_nulls(const base::Json& patch);

}  // namespace lepton_operator::simulator
