// What endpoints were seen to be made with, in memory once for all that are alike: of ten thousand of one team hardly two differ, and of
// each it was more than all else that is kept of it.
//
// Owner: Observer. Thread rule: its owner's. Never fails.
#pragma once

#include <cstddef>
#include <memory>
#include <unordered_map>

#include "lepton/types.h"

namespace lepton_operator::lepton {

class KnownSpecs {
 public:
  // The one that is held already, if there is one like it.
  SharedSpec one_like(const SharedSpec& spec);
  // Forgets those that nobody holds any more.
  void forget_unused();

  std::size_t size() const { return known_.size(); }

 private:
  std::unordered_multimap<std::size_t, std::weak_ptr<const SeenSpec>> known_;  // by a print of all that differs between most
};

}  // namespace lepton_operator::lepton
