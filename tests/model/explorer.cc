#include "model/explorer.h"

#include <algorithm>
#include <deque>
#include <unordered_map>

namespace lepton_operator::invocation::model {
namespace {

constexpr std::uint32_t kNone = ~std::uint32_t{0};

struct Hash {
  std::size_t operator()(const Digest& digest) const { return static_cast<std::size_t>(digest[0]); }
};

// How a state was come to first, and what is known of it.
struct Node {
  std::uint32_t parent = kNone;
  std::uint16_t move = 0;  // of the parent's, in their order
  std::uint16_t depth = 0;
  bool desired = false;
};

struct Waiting {
  std::uint32_t node = 0;
  State state;
};

class Explorer {
 public:
  Explorer(Model& model, Bounds bounds) : model_(model), bounds_(bounds), waiting_(static_cast<std::size_t>(bounds.faults) + 1) {}

  Exploration run() {
    State first = model_.initial();
    known_.emplace(digest(first), 0);
    nodes_.push_back({});
    waiting_[0].push_back({0, std::move(first)});
    result_.exhausted = true;
    for (std::deque<Waiting>& layer : waiting_) {  // by faults
      while (!layer.empty() && !over()) {
        Waiting next = std::move(layer.front());
        layer.pop_front();
        expand(next);
      }
    }
    if (!over()) check_ends();
    result_.states = nodes_.size();
    return result_;
  }

 private:
  bool over() {
    if (nodes_.size() >= bounds_.most_states) result_.exhausted = false;
    return !result_.exhausted || (bounds_.stop_at_first && result_.violations > 0);
  }

  void expand(const Waiting& from) {
    Expansion expansion = model_.expand(from.state, bounds_.faults - from.state.faults, false);
    result_.depth = std::max<int>(result_.depth, nodes_[from.node].depth);
    nodes_[from.node].desired = expansion.desired;
    for (const std::string& what : expansion.broken) broken(from.node, {}, what);
    const auto& all = expansion.next;
    const bool inevitable = std::any_of(all.begin(), all.end(), [](const Next& next) { return next.kind == Kind::kInevitable; });
    for (std::size_t i = 0; i < expansion.next.size(); ++i) {
      Next& next = expansion.next[i];
      ++result_.moves;
      for (const std::string& what : next.broken) broken(from.node, i, what);
      if (!next.broken.empty()) {  // what follows of it is no news, nor that it does not end well
        nodes_[from.node].desired = true;
        continue;
      }
      normalise(next.state);
      const std::uint32_t node = enter(from.node, i, std::move(next.state));
      const bool counts = next.kind == Kind::kInevitable || (next.kind == Kind::kProgress && !inevitable);
      if (counts && node != from.node) progress_.emplace_back(from.node, node);
    }
  }

  std::uint32_t enter(std::uint32_t parent, std::size_t move, State state) {
    const auto [known, is_new] = known_.emplace(digest(state), static_cast<std::uint32_t>(nodes_.size()));
    if (!is_new) return known->second;
    nodes_.push_back({parent, static_cast<std::uint16_t>(move), static_cast<std::uint16_t>(nodes_[parent].depth + 1), false});
    const auto faults = static_cast<std::size_t>(state.faults);
    waiting_[faults].push_back({known->second, std::move(state)});
    return known->second;
  }

  void broken(std::uint32_t node, std::optional<std::size_t> move, const std::string& what) {
    ++result_.violations;
    const bool known = std::any_of(result_.found.begin(), result_.found.end(), [&](const Violation& other) { return other.what == what; });
    if (!known) result_.found.push_back({what, trace(node, move)});
  }

  // Goes the way once more and writes it down.
  std::vector<std::string> trace(std::uint32_t node, std::optional<std::size_t> last) {
    std::vector<std::size_t> moves;
    for (; nodes_[node].parent != kNone; node = nodes_[node].parent) moves.push_back(nodes_[node].move);
    std::reverse(moves.begin(), moves.end());
    if (last) moves.push_back(*last);
    std::vector<std::string> lines;
    State state = model_.initial();
    for (const std::size_t move : moves) {
      Expansion expansion = model_.expand(state, bounds_.faults - state.faults, true);
      Next& next = expansion.next.at(move);
      const bool fault = next.state.faults > state.faults;
      lines.push_back((fault ? "! " : "  ") + next.told);
      state = std::move(next.state);
      normalise(state);
    }
    return lines;
  }

  // Every way by progress alone has an end, and each end is as desired.
  void check_ends() {
    std::vector<std::uint32_t> first(nodes_.size() + 1, 0);
    for (const auto& [from, to] : progress_) ++first[from + 1];
    for (std::size_t i = 0; i < nodes_.size(); ++i) first[i + 1] += first[i];
    std::vector<std::uint32_t> next(progress_.size());
    std::vector<std::uint32_t> fill(first.begin(), first.end() - 1);
    for (const auto& [from, to] : progress_) next[fill[from]++] = to;

    enum class Mark : std::uint8_t { kNew, kOpen, kDone };
    std::vector<Mark> marks(nodes_.size(), Mark::kNew);
    std::vector<std::uint16_t> longest(nodes_.size(), 0);
    std::vector<std::pair<std::uint32_t, std::uint32_t>> stack;  // a node, and which of its moves is next
    for (std::uint32_t root = 0; root < nodes_.size(); ++root) {
      if (marks[root] != Mark::kNew) continue;
      stack.emplace_back(root, first[root]);
      marks[root] = Mark::kOpen;
      while (!stack.empty()) {
        auto& [node, edge] = stack.back();
        if (edge == first[node + 1]) {
          if (first[node] == first[node + 1]) check_end(node);
          marks[node] = Mark::kDone;
          result_.longest = std::max<int>(result_.longest, longest[node]);
          const std::uint16_t length = longest[node];
          stack.pop_back();
          if (!stack.empty()) longest[stack.back().first] = std::max<std::uint16_t>(longest[stack.back().first], length + 1);
          continue;
        }
        const std::uint32_t to = next[edge++];
        if (marks[to] == Mark::kOpen) {
          broken(to, {}, "without any fault it comes back to the same state for ever: it does not end");
        } else if (marks[to] == Mark::kDone) {
          longest[node] = std::max<std::uint16_t>(longest[node], static_cast<std::uint16_t>(longest[to] + 1));
        } else {
          marks[to] = Mark::kOpen;
          stack.emplace_back(to, first[to]);
        }
      }
    }
  }

  void check_end(std::uint32_t node) {
    if (nodes_[node].desired) {
      ++result_.ends;
    } else {
      broken(node, {}, "nothing more happens by itself, and it is not as desired");
    }
  }

  Model& model_;
  Bounds bounds_;
  std::unordered_map<Digest, std::uint32_t, Hash> known_;
  std::vector<Node> nodes_;
  std::vector<std::deque<Waiting>> waiting_;  // by faults on the way
  std::vector<std::pair<std::uint32_t, std::uint32_t>> progress_;
  Exploration result_;
};

}  // namespace

Exploration explore(Model& model, Bounds bounds) { return Explorer(model, bounds).run(); }

}  // namespace lepton_operator::invocation::model
