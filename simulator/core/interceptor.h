// What meets a request before the workspace does: HTTP faults and holds.
//
// A hold waits for the nth matching request that comes after it was set, and keeps its reply back until release. "after": the request has
// taken effect, only its reply is missing. "before": it takes effect when it is released — a late commit. Thread rule: the Simulator's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "core/message.h"

namespace lepton_operator::simulator {

struct Hold {
  std::string method = "*";
  std::string path = "*";  // glob on the path below the workspace
  int nth = 1;
  bool before_commit = false;
};
base::Result<Hold> parse_hold(const base::Json& value);

struct HeldRequest {
  std::uint64_t ticket = 0;
  std::size_t log_index = 0;
  Request request;
  bool before_commit = false;
  Response answer;  // "after" only
};

class Interceptor {
 public:
  void add(Hold hold) { holds_.push_back(std::move(hold)); }
  // The hold that catches this request, if any; it is used up.
  std::optional<Hold> caught(const std::string& method, const std::string& path);

  std::uint64_t keep(HeldRequest held);
  // All of them, or the one with this ticket, in the order of their coming; they are held no longer.
  std::vector<HeldRequest> take(std::optional<std::uint64_t> ticket);
  const std::map<std::uint64_t, HeldRequest>& held() const { return held_; }
  std::size_t waiting() const { return holds_.size(); }
  void forget_holds() { holds_.clear(); }

 private:
  std::vector<Hold> holds_;
  std::map<std::uint64_t, HeldRequest> held_;
  std::uint64_t next_ticket_ = 1;
};

}  // namespace lepton_operator::simulator
