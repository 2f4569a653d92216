// A JSON value whose copies share it until one of them is changed: what users wrote is carried from each version of an object to the next,
// and a copy of a tree costs about as much as parsing it.
//
// Plain value. Copies that are only read may be on several threads; a changed one has the tree to itself. Made of nothing: null.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/json.h"

namespace lepton_operator::base {

class SharedJson {
 public:
  SharedJson() : SharedJson(Json()) {}
  SharedJson(Json value) : value_(std::make_shared<Json>(std::move(value))) {}  // NOLINT(google-explicit-constructor): it is that value

  const Json& operator*() const { return *value_; }
  operator const Json&() const { return *value_; }  // NOLINT(google-explicit-constructor)

  Json& change() {
    if (value_.use_count() != 1) value_ = std::make_shared<Json>(*value_);
    return *value_;
  }
  Json& operator[](const std::string& member) { return change()[member]; }

 private:
  std::shared_ptr<Json> value_;  // null only when moved from
};

}  // namespace lepton_operator::base
