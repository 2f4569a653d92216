// Tells at once that something in the manifest directory changed, by inotify, and which files are being written at this moment.
//
// Thread rule: domain thread only. Never fails: without inotify (its limits are reached) active() is false and the owner looks more often.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include <boost/asio/io_context.hpp>

namespace lepton_operator::store {

class Watcher {
 public:
  // `wake` is called from the io_context whenever a manifest may have changed.
  Watcher(boost::asio::io_context& io, std::function<void()> wake);
  ~Watcher();

  // Watches the directory that is at `path` now (another one may have taken its place); no effect when that is watched already.
  void watch(const std::filesystem::path& path);
  bool active() const;
  // Nothing is watched any more and nothing waits: an armed descriptor would keep the io_context running for ever.
  void close();

  // Takes in what happened until now: which manifests may have changed since the last call. Whatever changed before a file was read is
  // known after the next drain().
  struct Touched {
    bool all = false;  // it is not known which
    std::set<std::string> names;
    bool any() const { return all || !names.empty(); }
  };
  Touched drain();

  // Open for writing as far as we know: created or modified, and not closed since.
  bool being_written(const std::string& name) const;
  // Completed since clear_completed(): closed after writing, or moved into place.
  bool completed(const std::string& name) const;
  void clear_completed();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace lepton_operator::store
