#include "store/state_writer.h"

#include <utility>

#include <boost/asio/post.hpp>

namespace lepton_operator::store {

namespace {

using base::Result;
using invocation::Invocation;
using invocation::ObjectKey;
using invocation::Workspace;

// They wait, they do not work: as many as there are reconciles at once.
constexpr std::size_t kThreads = 16;

}  // namespace

StateWriter::StateWriter(boost::asio::io_context& io, const StateFiles& files) : io_(io), files_(files), threads_(kThreads) {}

StateWriter::~StateWriter() { threads_.join(); }

template <class Work>
boost::asio::awaitable<Result<>> StateWriter::away(Work work) {
  const base::Completion<Result<>> written(io_);
  ++under_way_;
  boost::asio::post(threads_, [written, work = std::move(work)] {
    Result<> result = base::Ok{};
    try {
      result = work();
    } catch (const std::exception& bug) {  // it would end the process
      result = base::Error{.kind = base::ErrorKind::kServer, .what = std::string("cannot write a state file: ") + bug.what()};
    }
    written.set(std::move(result));
  });
  Result<> result = co_await written.wait();
  --under_way_;
  co_return result;
}

// Two writers at once: one would make the directory, and the other's file be called durable in one that is not yet. A failure is the
// write's to tell.
template <class T>
void StateWriter::prepare(const std::string& space) {
  const std::filesystem::path directory = files_.path_of<T>({space, "any"}).parent_path();
  if (!prepared_.contains(directory) && files_.prepare<T>(space)) prepared_.insert(directory);
}

template <class T>
boost::asio::awaitable<Result<>> StateWriter::save(std::shared_ptr<const T> object) {
  prepare<T>(object->meta.key.namespace_);
  const auto work = [&files = files_, object] { return files.save(*object); };
  return away(work);
}

template <class T>
boost::asio::awaitable<Result<>> StateWriter::remove(ObjectKey key) {
  const auto work = [&files = files_, key] { return files.remove<T>(key); };
  return away(work);
}

template boost::asio::awaitable<Result<>> StateWriter::save(std::shared_ptr<const Invocation>);
template boost::asio::awaitable<Result<>> StateWriter::save(std::shared_ptr<const Workspace>);
template boost::asio::awaitable<Result<>> StateWriter::remove<Invocation>(ObjectKey);
template boost::asio::awaitable<Result<>> StateWriter::remove<Workspace>(ObjectKey);

}  // namespace lepton_operator::store
