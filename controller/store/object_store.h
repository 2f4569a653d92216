// Where Invocations, Workspaces and Secrets come from and where status goes: a manifest directory, or Kubernetes.
//
// Reads are from memory and immediate. Writes are awaited, take the object as last read and fail with kConflict if it has changed since in
// what they stand on (at least: its deletion, our own status or finalizers): read again, plan again, never send the stale body. A write is
// visible to find_…() when it returns, and does not notify the watcher of the same object unless something else changed too.
//
// Status is the operator's alone. Where others can write it all the same, find_…() shows what they made of it, with `mark.altered`.
//
// Thread rule: domain thread only. Ends: cancel the context given to run().
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/context.h"
#include "base/result.h"
#include "invocation/codec.h"
#include "invocation/digest.h"
#include "invocation/object.h"
#include "store/folded.h"

namespace lepton_operator::store {

using base::Context;
using base::Result;
using invocation::Invocation;
using invocation::ObjectKey;
using invocation::Workspace;

enum class Kind { kInvocation, kWorkspace, kSecret };

// What the planner and the reconcilers are told; the handler only queues a key.
using ChangeHandler = std::function<void(Kind kind, ObjectKey key)>;

class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  // Reads what there is, then keeps up with changes; calls the handler for everything found at the start as well. Returns when the context
  // ends, or with an error if it can never work (a state directory that cannot be written).
  virtual boost::asio::awaitable<Result<>> run(Context context, ChangeHandler handler) = 0;
  virtual bool synced() const = 0;  // the first read is complete

  virtual std::shared_ptr<const Invocation> find_invocation(const ObjectKey& key) const = 0;
  virtual std::shared_ptr<const Workspace> find_workspace(const ObjectKey& key) const = 0;
  virtual std::vector<ObjectKey> invocations() const = 0;
  virtual std::vector<ObjectKey> workspaces() const = 0;
  // For walks over all Invocations, which must not need them whole.
  using EachInvocation = std::function<void(const ObjectKey& key, const invocation::Digest& digest)>;
  virtual void each_invocation(const EachInvocation& each) const {
    for (const ObjectKey& key : invocations()) {
      if (const auto object = find_invocation(key)) each(key, invocation::digest_of(*object));
    }
  }
  // Of one, likewise.
  virtual std::optional<invocation::Digest> digest(const ObjectKey& key) const {
    const auto object = find_invocation(key);
    return object ? std::optional(invocation::digest_of(*object)) : std::nullopt;
  }
  // Nobody needs this Invocation for a while: it is kept small until it is asked for. Returns it as it is now; null when it is not there,
  // or where whole objects are kept.
  virtual std::shared_ptr<const FoldedInvocation> fold(const ObjectKey& /*key*/) { return nullptr; }
  // Nothing is begun in a namespace that is going (rule 9). The handler is told of its Invocations when that becomes known.
  virtual bool namespace_deleting(const std::string& /*namespace_*/) const { return false; }

  // Values by key; kNotFound when there is no such Secret. Values are secrets: never log them.
  virtual boost::asio::awaitable<Result<std::map<std::string, std::string>>> read_secret(Context context, ObjectKey key) = 0;
  // The Secret may have changed: the next read_secret() must not answer from a cache.
  virtual void expire_secret(const ObjectKey& /*key*/) {}

  virtual boost::asio::awaitable<Result<>> write_status(Context context, std::shared_ptr<const Invocation> read,
                                                        invocation::InvocationStatus status) = 0;
  virtual boost::asio::awaitable<Result<>> write_status(Context context, std::shared_ptr<const Workspace> read,
                                                        invocation::WorkspaceStatus status) = 0;
  // Deletes what was read, and no newer state of it, as a person would: its finalizers hold it until it is cleaned up.
  virtual boost::asio::awaitable<Result<>> remove_invocation(Context context, std::shared_ptr<const Invocation> read) = 0;
  // Adds or removes one finalizer. Removing the last of an object being deleted ends it: find_…() then finds nothing.
  virtual boost::asio::awaitable<Result<>> set_finalizer(Context context, std::shared_ptr<const Invocation> read, std::string finalizer,
                                                         bool present) = 0;
};

}  // namespace lepton_operator::store
