// /usersecrets (contract, section 9): a list is created at once or not at all; values are never answered. Thread rule: the Simulator's.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/message.h"
#include "core/world.h"

namespace lepton_operator::simulator {

struct Secret {
  std::string name;
  std::string value;
  std::vector<std::string> tags;
  std::string visibility;
};

class Secrets {
 public:
  explicit Secrets(World& world) : world_(world) {}

  Response handle(const Request& request, const std::vector<std::string>& rest);

  bool contains(const std::string& name) const { return secrets_.contains(name); }
  bool erase(const std::string& name);
  const std::map<std::string, Secret>& all() const { return secrets_; }
  void clear() { secrets_.clear(); }

 private:
  Response list() const;
  Response create(const Request& request);

  World& world_;
  std::map<std::string, Secret> secrets_;
};

}  // namespace lepton_operator::simulator
