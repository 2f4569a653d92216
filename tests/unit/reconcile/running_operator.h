// A whole operator at work on a simulated workspace, in time that the test moves; and what the simulator's dump says is left of it.
#pragma once

#include <gtest/gtest.h>

#include "base/hash.h"
#include "reconcile/operator.h"
#include "unit/reconcile/bench.h"

namespace lepton_operator::reconcile::test {

inline const ObjectKey kTeam{"team", "default"};

class RunningOperator {
 public:
  explicit RunningOperator(simulator::Options options) : bench(std::move(options)), stop_(bench.root.child()) {
    bench.add_workspace(kTeam);
    OperatorOptions wishes;
    wishes.workers = 4;
    OperatorParts parts{bench.io,   bench.clock,    *bench.random, bench.log,          bench.store,
                        bench.keys, bench.snapshot, catalogue_,    bench.transports(), {},
                        kInstall,   wishes,         Hooks{},       [] { return true; }};
    operator_ = std::make_unique<Operator>(std::move(parts));
    ended_ = bench.start(operator_->run(stop_));
  }
  ~RunningOperator() {
    stop_.cancel();
    bench.pass(10s);
    EXPECT_TRUE(ended_->has_value());
  }

  const InvocationStatus* status(const ObjectKey& key) const {
    const auto object = bench.store.find_invocation(key);
    return object ? &object->status : nullptr;
  }
  invocation::Phase phase(const ObjectKey& key) const { return status(key) ? status(key)->phase : invocation::Phase::kPending; }
  bool gone(const ObjectKey& key) const { return status(key) == nullptr; }
  // "Reason: message" of a condition, or nothing.
  std::string condition(const ObjectKey& key, const std::string& type) const {
    const auto* found = status(key) ? invocation::find_condition(status(key)->conditions, type) : nullptr;
    return found ? found->reason + ": " + found->message : "";
  }
  std::string log() const {
    std::string text;
    for (const std::string& line : bench.log.lines()) text += line + "\n";
    return text;
  }

  // The directory of an Invocation of that name, on its volume.
  static std::string directory(const ObjectKey& key) {
    return "/shared/nemo-evaluator-launcher-workspace/" + base::sha256_hex("uid-of-" + key.name).substr(0, 16);
  }
  // How many of `what` ("deployments", "jobs", "secrets"...) the dump holds.
  std::size_t dumped(const char* what) { return bench.simulator.dump().at(what).size(); }

  Bench bench;

 private:
  static constexpr const char* kInstall = "11111111-2222-3333-4444-555555555555";

  invocation::Catalogue catalogue_;
  base::Context stop_;
  std::unique_ptr<Operator> operator_;
  std::shared_ptr<std::optional<base::Result<>>> ended_;
};

}  // namespace lepton_operator::reconcile::test
