#include "app/leader_gate.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "unit/base/run.h"

namespace lepton_operator::app {
namespace {

class Counting final : public base::HttpTransport {
 public:
  boost::asio::awaitable<base::Result<base::HttpResponse>> send(base::Context, base::HttpRequest) override {
    ++sent;
    co_return base::HttpResponse{.status = 200};
  }
  int sent = 0;
};

TEST(LeaderGate, LetsRequestsPassOnlyWhileItIsOpen) {
  boost::asio::io_context io;
  base::ManualClock clock(io);
  const base::Context root(clock);
  const auto behind = std::make_shared<Counting>();
  bool open = true;
  LeaderGate gate(behind, [&open] { return open; });
  EXPECT_TRUE(base::run(io, gate.send(root, {})));
  open = false;
  const auto refused = base::run(io, gate.send(root, {}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, base::ErrorKind::kCancelled);
  EXPECT_FALSE(base::run(io, gate.open(root, {})));
  EXPECT_EQ(behind->sent, 1);
}

}  // namespace
}  // namespace lepton_operator::app
