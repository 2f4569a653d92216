#include "core/transport.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gmock/gmock.h>

#include "base/clock.h"

namespace lepton_operator::simulator {
namespace {

using namespace std::chrono_literals;
using base::ErrorKind;

boost::asio::awaitable<void> call(SimulatorTransport& transport, base::Context context, base::HttpRequest request,
                                  std::optional<base::Result<base::HttpResponse>>& answer) {
  auto sent = co_await transport.send(context, request);
  answer.emplace(std::move(sent));
}

class Transport : public ::testing::Test {
 protected:
  base::HttpRequest request(base::Method method, const std::string& path, const std::string& body = "") {
    base::HttpRequest made;
    made.method = method;
    made.path = simulator_.base_path() + path;
    made.headers = {{"Authorization", "Bearer sim-token"}};
    made.body = body;
    if (!body.empty()) made.content_type = "application/json";
    return made;
  }
  void begin(base::HttpRequest what, base::Context context) {
    boost::asio::co_spawn(io_, call(transport_, context, std::move(what), answer_), boost::asio::detached);
    run();
  }
  void run() {
    io_.restart();
    io_.poll();
  }
  base::Result<base::HttpResponse> send(base::HttpRequest what) {
    answer_.reset();
    begin(std::move(what), root_);
    return answer_.value();
  }
  base::HttpRequest create() {
    return request(base::Method::kPost, "/jobs",
                   R"({"metadata":{"name":"eval"},"spec":{"resource_shape":"cpu.small","container":{"image":"i"}}})");
  }
  void fault(Fault::What what) {
    transport_.on_call([what](const base::HttpRequest& each) -> std::optional<Fault> {
      if (each.method != base::Method::kPost) return std::nullopt;
      return Fault{what};
    });
  }
  std::size_t jobs() { return simulator_.jobs().all().size(); }

  boost::asio::io_context io_;
  base::ManualClock clock_{io_};
  base::Context root_{clock_};
  Simulator simulator_{Options{}, [this] { return clock_.now(); }};
  SimulatorTransport transport_{io_, simulator_};
  std::optional<base::Result<base::HttpResponse>> answer_;
};

TEST_F(Transport, CarriesRequestsToTheSimulator) {
  EXPECT_EQ(send(create())->status, 201);
  const auto list = send(request(base::Method::kGet, "/jobs"));
  EXPECT_THAT(list->body, testing::HasSubstr("\"eval\""));
  EXPECT_EQ(list->headers.at("content-type"), "application/json");
}

TEST_F(Transport, LosesRequestsAndRepliesAsTheHookSays) {
  fault(Fault::What::kUnreachable);
  EXPECT_EQ(send(create()).error().kind, ErrorKind::kUnreachable);
  fault(Fault::What::kLostRequest);
  EXPECT_EQ(send(create()).error().kind, ErrorKind::kInterrupted);
  fault(Fault::What::kStatus);
  EXPECT_EQ(send(create())->status, 503);
  EXPECT_EQ(jobs(), 0u);
  fault(Fault::What::kLostReply);
  EXPECT_EQ(send(create()).error().kind, ErrorKind::kInterrupted);
  EXPECT_EQ(jobs(), 1u);
  fault(Fault::What::kStatusAfterCommit);
  EXPECT_EQ(send(create())->status, 503);
  EXPECT_EQ(jobs(), 2u);
}

TEST_F(Transport, WaitsForAHeldReply) {
  simulator_.add_hold({"POST", "/jobs", 1, false});
  begin(create(), root_);
  EXPECT_FALSE(answer_.has_value());
  EXPECT_EQ(jobs(), 1u);
  transport_.release();
  run();
  ASSERT_TRUE(answer_.has_value());
  EXPECT_EQ((*answer_)->status, 201);
}

TEST_F(Transport, EndsWithItsContextWhileTheReplyIsHeld) {
  simulator_.add_hold({"POST", "/jobs", 1, true});
  const base::Context context = root_.with_timeout(20s);
  begin(create(), context);
  clock_.advance(20s);
  run();
  ASSERT_TRUE(answer_.has_value());
  EXPECT_EQ(answer_->error().kind, ErrorKind::kTimeout);
  EXPECT_EQ(jobs(), 0u);
  transport_.release();
  EXPECT_EQ(jobs(), 1u);  // a late commit
}

}  // namespace
}  // namespace lepton_operator::simulator
