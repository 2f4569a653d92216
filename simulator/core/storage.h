// /storage (contract, section 8), in the four ways of Options::storage_api. Thread rule: the Simulator's.
#pragma once

#include <string>
#include <vector>

#include "core/message.h"
#include "core/world.h"

namespace lepton_operator::simulator {

class Storage {
 public:
  explicit Storage(World& world) : world_(world) {}
  Response handle(const Request& request, const std::vector<std::string>& rest);

 private:
  std::vector<std::string> file_systems() const;
  Volume* served(const std::string& file_system);
  Response list_file_systems();
  Response usage();
  Response get(Volume& volume, const std::string& path) const;
  Response upload(Volume& volume, const std::string& path, const Request& request);
  Response remove(Volume& volume, const std::string& path, bool all);

  World& world_;
};

}  // namespace lepton_operator::simulator
