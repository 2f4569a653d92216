#include "base/context.h"

#include <cstdint>
#include <map>
#include <set>

#include "base/clock.h"

namespace lepton_operator::base {

// Children are known to their parent without being owned by it; a child owns its parent.
struct Context::Node : std::enable_shared_from_this<Context::Node> {
  Node(Clock& of, std::shared_ptr<Node> above) : clock(of), parent(std::move(above)) {
    if (!parent) return;
    cancelled = parent->cancelled;
    deadline = parent->deadline;
    parent->children.insert(this);
  }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node() {
    if (parent) parent->children.erase(this);
  }

  // Marks the whole subtree before any callback runs: callbacks may drop nodes, and must see all of them cancelled.
  void mark(std::vector<std::shared_ptr<Node>>& marked) {
    if (cancelled) return;
    cancelled = true;
    marked.push_back(shared_from_this());
    for (Node* child : children) child->mark(marked);
  }

  void run_callbacks() {
    while (!callbacks.empty()) {
      const auto callback = std::move(callbacks.begin()->second);
      callbacks.erase(callbacks.begin());
      callback();
    }
  }

  Clock& clock;
  std::shared_ptr<Node> parent;
  std::set<Node*> children;
  std::map<std::uint64_t, std::function<void()>> callbacks;
  std::uint64_t next_callback = 0;
  std::optional<Timestamp> deadline;
  bool cancelled = false;
};

Context::Context(Clock& clock) : node_(std::make_shared<Node>(clock, nullptr)) {}
Context::Context(std::shared_ptr<Node> node) : node_(std::move(node)) {}

Context Context::child() const { return Context(std::make_shared<Node>(node_->clock, node_)); }

Context Context::with_timeout(Milliseconds timeout) const {
  Context context = child();
  const Timestamp at = clock().now() + timeout;
  if (!context.node_->deadline || at < *context.node_->deadline) context.node_->deadline = at;
  return context;
}

void Context::cancel() const {
  std::vector<std::shared_ptr<Node>> marked;
  node_->mark(marked);
  for (const auto& node : marked) node->run_callbacks();
}

bool Context::cancelled() const { return node_->cancelled; }

bool Context::expired() const { return node_->cancelled || (node_->deadline && clock().now() >= *node_->deadline); }

std::optional<Timestamp> Context::deadline() const { return node_->deadline; }

Clock& Context::clock() const { return node_->clock; }

Context::Registration Context::on_cancel(std::function<void()> callback) const {
  if (node_->cancelled) {
    callback();
    return {};
  }
  const std::uint64_t id = node_->next_callback++;
  node_->callbacks.emplace(id, std::move(callback));
  // Owns the node: a callback on a context that only its parent can end must not vanish with the last handle.
  return Registration([node = node_, id] { node->callbacks.erase(id); });
}

}  // namespace lepton_operator::base
