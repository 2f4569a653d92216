// Which document speaks for which object, when several files name the same one.
//
// The file that the object came from goes before others, then the order of file names. If that file cannot be read, nobody else may speak
// for the object: it may still stand there. Pure.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "store/manifest.h"

namespace lepton_operator::store {

using Identifier = std::pair<Kind, ObjectKey>;

struct Claims {
  std::map<Identifier, const Document*> winners;
  std::vector<std::pair<const Document*, std::string>> losers;  // with a sentence that names the other file
};

using Claimants = std::map<Identifier, std::vector<const Document*>>;  // of one object, in the order of file names

// `claimants`: all there are of the objects in question; `file_of`: the file that an object came from, empty if it is new.
Claims claim(const Claimants& claimants, const std::map<std::string, ManifestFile>& files,
             const std::function<std::string(const Identifier&)>& file_of);

}  // namespace lepton_operator::store
