// What the tests of the commands share: an API server whose answers are written down, and time that passes when everybody waits.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>

#include "base/random.h"
#include "kube/api.h"
#include "unit/base/run.h"
#include "unit/kube/scripted_transport.h"

namespace lepton_operator::app {

class HooksFixture : public testing::Test {
 protected:
  // To its end, however long it sleeps.
  template <class T>
  T run(boost::asio::awaitable<T> work) {
    base::Running<T> running(io_, std::move(work));
    base::settle(io_);
    while (!running.ended() && clock_.next()) {
      clock_.advance(*clock_.next() - clock_.now());
      base::settle(io_);
    }
    return running.take();
  }
  // "GET /apis/...": what was asked, in order.
  std::vector<std::string> asked() const {
    std::vector<std::string> asked;
    for (const auto& sent : transport_->sent()) asked.push_back(std::string(to_string(sent.request.method)) + " " + sent.request.path);
    return asked;
  }

  boost::asio::io_context io_;
  base::ManualClock clock_{io_};
  const base::Context root_{clock_};
  std::shared_ptr<kube::test::ScriptedTransport> transport_ = std::make_shared<kube::test::ScriptedTransport>();
  kube::Api api_{transport_, nullptr, clock_, {.user_agent = "lepton-operator/1.0"}};
  const std::unique_ptr<base::Random> random_ = base::make_seeded_random(1);
};

}  // namespace lepton_operator::app
