// Directory mode (docs/design.md): manifests in a directory in place of an API server, as the kubelet's static Pods.
//
// A file that appears is applied, a change is an update, an absence of 2 s is a deletion. State of an Invocation:
// STATE/<namespace>/<name>.yaml, of a Workspace: STATE/<namespace>/workspaces/<name>.yaml, written atomically, mode 0600; a kill at any
// byte loses nothing. A bad manifest never disturbs the others: it is logged with file, line and field, keeps its last good version in
// force, and if its kind and name can be read gets Accepted=False in its state.
//
// Thread rule: domain thread only; it reads there (files are small and local), and writes on threads of its own. Owner: app. Every write
// must have been awaited before it goes. Fails (run) only when the state directory cannot be used.
#pragma once

#include <filesystem>
#include <memory>

#include <boost/asio/io_context.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "store/object_store.h"

namespace lepton_operator::store {

struct DirectoryOptions {
  std::filesystem::path manifests;
  std::filesystem::path state;
  base::Milliseconds absence{2'000};  // how long a file must be missing before that is a deletion
  base::Milliseconds rescan{10'000};  // in case inotify missed something
};

class DirectoryStore : public ObjectStore {
 public:
  // Files that hold no valid manifest now, for lepton_manifest_invalid{file}.
  virtual std::vector<std::string> invalid_files() const = 0;
  virtual std::size_t writes_under_way() const = 0;
};

std::unique_ptr<DirectoryStore> make_directory_store(boost::asio::io_context& io, base::Clock& clock, base::Random& random, base::Log& log,
                                                     DirectoryOptions options);

}  // namespace lepton_operator::store
