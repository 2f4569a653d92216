// A whole operator on a simulated workspace and a store in memory.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reconcile/operator.h"
#include "unit/reconcile/bench.h"

namespace lepton_operator::reconcile::test {

using invocation::Phase;

inline const ObjectKey kWorkspace{"team", "default"};

inline constexpr const char* kNim = R"(
deployment: {type: nim, image: "nvcr.io/nim/meta/llama:1.8", servedModelName: meta/llama, resourceShape: gpu.1xh200}
evaluation:
  tasks:
    - {name: first, container: "eval:1"}
    - {name: second, container: "eval:1"}
)";

class OperatorTest : public testing::Test {
 protected:
  explicit OperatorTest(simulator::Options options = {}) : bench_(std::move(options)) {
    bench_.add_workspace(kWorkspace);
    start();
  }
  ~OperatorTest() override { stop(); }

  void start() {
    OperatorOptions options;
    options.workers = 4;
    Hooks hooks;
    hooks.invocation_finished = [this](const char* outcome, double) { outcomes_.emplace_back(outcome); };
    hooks.directory_removed = [this] { ++directories_removed_; };
    hooks.abandoned = [this](const char* kind) { ++abandoned_[kind]; };
    hooks.job_retried = [this] { ++jobs_retried_; };
    hooks.job_finished = [this](const std::string&, const char*, double) { ++jobs_finished_; };
    OperatorParts parts{bench_.io,
                        bench_.clock,
                        *bench_.random,
                        bench_.log,
                        bench_.store,
                        bench_.keys,
                        bench_.snapshot,
                        catalogue_,
                        bench_.transports(),
                        {},
                        "11111111-2222-3333-4444-555555555555",
                        options,
                        std::move(hooks),
                        [this] { return leads_; }};
    operator_ = std::make_unique<Operator>(std::move(parts));
    stop_ = bench_.root.child();
    ended_ = bench_.start(operator_->run(*stop_));
  }
  void stop() {
    if (!operator_) return;
    stop_->cancel();
    bench_.pass(10s);
    EXPECT_TRUE(ended_->has_value());
    operator_.reset();
  }

  Phase phase() const {
    const auto object = bench_.store.find_invocation(kLlama);
    return object ? object->status.phase : Phase::kPending;
  }
  bool gone() const { return bench_.store.find_invocation(kLlama) == nullptr; }
  std::string problems() const {
    std::string text;
    for (const std::string& line : bench_.log.lines()) text += line + "\n";
    return text;
  }

  Bench bench_;
  invocation::Catalogue catalogue_;
  bool leads_ = true;
  std::unique_ptr<Operator> operator_;
  std::optional<base::Context> stop_;
  std::shared_ptr<std::optional<base::Result<>>> ended_;
  std::vector<std::string> outcomes_;
  int directories_removed_ = 0;
  int jobs_finished_ = 0;
  int jobs_retried_ = 0;
  std::map<std::string, int> abandoned_;
};

}  // namespace lepton_operator::reconcile::test
