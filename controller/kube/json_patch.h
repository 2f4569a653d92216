// A JSON patch (RFC 6902) that says what it stands on: the API server applies it to the newest version of the object, whoever wrote that,
// and refuses it whole when one of its tests does not hold there.
//
// So it is the way to write a part that is ours among others who write too: it conflicts with a change of what it tests, and with nothing
// else, and no busy writer can starve it. Test whatever the operations destroy, so that sending one twice is harmless (api.h).
//
//   JsonPatch patch;
//   patch.test({"metadata", "uid"}, uid).absent({"metadata", "deletionTimestamp"}).set({"status"}, status);
//
// Plain value.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace lepton_operator::kube {

class JsonPatch {
 public:
  using Path = std::vector<std::string>;  // members and indices, not yet escaped; "-" is behind the last element

  JsonPatch& test(const Path& path, base::Json value) { return add("test", path, std::move(value)); }
  // The API server's library takes a null for "not there"; the object that would hold it must be there.
  JsonPatch& absent(const Path& path) { return add("test", path, base::Json::null()); }
  JsonPatch& set(const Path& path, base::Json value) { return add("add", path, std::move(value)); }  // adds or replaces; inserts in a list
  JsonPatch& remove(const Path& path);

  const base::Json& body() const { return operations_; }

 private:
  JsonPatch& add(const char* what, const Path& path, base::Json value);

  base::Json operations_ = base::json_array();
};

}  // namespace lepton_operator::kube
