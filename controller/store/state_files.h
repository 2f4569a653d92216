// The state directory: one YAML file per Invocation and Workspace, the object as an API server would show it.
//
//   STATE/<namespace>/<name>.yaml              an Invocation
//   STATE/<namespace>/workspaces/<name>.yaml   a Workspace
//
// Every file is written atomically with mode 0600; what an interrupted write left behind is hidden, ignored, and removed at the next
// open().
//
// Thread rule: any thread, but one at a time for one object; blocking. Owner: the directory store, which writes by a StateWriter. A file
// that cannot be understood is an error of kind kMalformed and stays as it is: it may be the only record of what runs in Lepton.
#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"
#include "invocation/object.h"

namespace lepton_operator::store {

class StateFiles {
 public:
  explicit StateFiles(std::filesystem::path root);

  // Makes the directory (0700) where it is missing. That nobody else uses it is app's to see to (STATE/.lock), before anything reads it.
  base::Result<> open();

  // T is Invocation or Workspace. Keys of all state files, readable or not.
  template <class T>
  base::Result<std::vector<invocation::ObjectKey>> list() const;
  template <class T>
  base::Result<T> read(const invocation::ObjectKey& key) const;
  // Makes the directory for objects of a namespace, durably: those who write into it at the same time must find it.
  template <class T>
  base::Result<> prepare(const std::string& space) const;
  // kServer when it was not written.
  template <class T>
  base::Result<> save(const T& object) const;
  template <class T>
  base::Result<> remove(const invocation::ObjectKey& key) const;
  template <class T>
  std::filesystem::path path_of(const invocation::ObjectKey& key) const;

 private:
  std::filesystem::path root_;
};

}  // namespace lepton_operator::store
