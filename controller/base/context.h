// The deadline tree: how "not longer than this" and "no longer wanted" travel down through calls.
//
// A Context is a cheap handle on one node. A child ends no later than its parent: cancelling a node, or reaching its deadline, ends all
// below it. Waiting operations take a Context and return early when it ends. Boost 1.74 has no cancellation slots; this stands in for them.
//
//   Context request = parent.with_timeout(20s);
//   auto answer = co_await client.create_job(request, job);
//
// Thread rule: domain thread only. Deadlines are noticed by whoever waits with the context (Clock::sleep, HttpTransport::send).
#pragma once

#include <functional>
#include <memory>

#include "base/time.h"

namespace lepton_operator::base {

class Clock;

class Context {
 public:
  // A root that ends only by cancel(). Deadlines are in the time of `clock`, which must outlive the tree.
  explicit Context(Clock& clock);

  Context child() const;
  Context with_timeout(Milliseconds timeout) const;

  void cancel() const;  // idempotent; runs the callbacks of this node and of all below, in no particular order

  bool cancelled() const;                     // cancelled here or above
  bool expired() const;                       // cancelled, or the deadline has passed
  std::optional<Timestamp> deadline() const;  // the earliest of this node's and its ancestors'
  Clock& clock() const;

  // Runs `callback` once when this node is cancelled (at once if it already is), until the returned handle is destroyed. Deadlines do not
  // run callbacks: waiters set a timer for deadline().
  class Registration {
   public:
    Registration() = default;
    explicit Registration(std::function<void()> undo) : undo_(std::move(undo)) {}
    Registration(Registration&& other) noexcept : undo_(std::exchange(other.undo_, nullptr)) {}
    Registration& operator=(Registration&& other) noexcept {
      reset();
      undo_ = std::exchange(other.undo_, nullptr);
      return *this;
    }
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
    ~Registration() { reset(); }
    void reset() {
      if (undo_) std::exchange(undo_, nullptr)();
    }

   private:
    std::function<void()> undo_;
  };
  Registration on_cancel(std::function<void()> callback) const;

 private:
  struct Node;
  explicit Context(std::shared_ptr<Node> node);
  std::shared_ptr<Node> node_;
};

}  // namespace lepton_operator::base
