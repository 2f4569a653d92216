// The state directory's writes, away from the domain thread and several at a time.
//
// A write is durable when it returns: each costs the disk two waits, and the domain has other things to do meanwhile. Those of a moment
// wait together, which the file system's journal makes one wait of (that is where most of the time went: eight milliseconds for each
// write alone, below one for each of sixteen). Nothing is said of the order of two writes of one object: the owner has at most one under
// way.
//
// Thread rule: domain thread only; files are rendered and written on threads of its own. Owner: the directory store. Fails as StateFiles
// do. Every write must have been awaited before it goes.
#pragma once

#include <filesystem>
#include <memory>
#include <set>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "base/async.h"
#include "store/state_files.h"

namespace lepton_operator::store {

class StateWriter {
 public:
  StateWriter(boost::asio::io_context& io, const StateFiles& files);
  ~StateWriter();

  // T is Invocation or Workspace.
  template <class T>
  boost::asio::awaitable<base::Result<>> save(std::shared_ptr<const T> object);
  template <class T>
  boost::asio::awaitable<base::Result<>> remove(invocation::ObjectKey key);

  std::size_t under_way() const { return under_way_; }

 private:
  template <class Work>
  boost::asio::awaitable<base::Result<>> away(Work work);
  template <class T>
  void prepare(const std::string& space);

  boost::asio::io_context& io_;
  const StateFiles& files_;
  std::set<std::filesystem::path> prepared_;
  std::size_t under_way_ = 0;
  boost::asio::thread_pool threads_;
};

}  // namespace lepton_operator::store
