#include "base/http_stream.h"

#include <atomic>
#include <semaphore>

#include <gmock/gmock.h>

#include "base/clock.h"
#include "base/http_cpprest.h"
#include "unit/base/raw_server.h"
#include "unit/base/run.h"

namespace lepton_operator::base {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

using Opened = Result<std::unique_ptr<HttpStream>>;

constexpr char kHead[] = "HTTP/1.1 200 OK\r\nX-Thing: Value\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr char kLastChunk[] = "0\r\n\r\n";

std::string chunk(const std::string& bytes) {
  std::ostringstream size;
  size << std::hex << bytes.size();
  return size.str() + "\r\n" + bytes + "\r\n";
}

// A step that a server's script waits for; for a failed test not for ever.
class Step {
 public:
  void allow() { allowed_.release(); }
  void await() { (void)allowed_.try_acquire_for(10s); }

 private:
  std::counting_semaphore<> allowed_{0};
};

bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 5'000 && !condition(); ++i) std::this_thread::sleep_for(1ms);
  return condition();
}

class RealStream : public ::testing::Test {
 protected:
  RealStream() { start_http_threads(2); }

  std::shared_ptr<HttpTransport> transport(const RawServer& server, int max_connections = 32) {
    return make_http_transport(io_, {.base_url = "http://127.0.0.1:" + std::to_string(server.port()), .max_connections = max_connections})
        .value();
  }
  Opened try_open(const std::shared_ptr<HttpTransport>& transport, Milliseconds within = 20s) {
    return run(io_, transport->open(root_.with_timeout(within), {.path = "/watch", .query = {{"watch", "true"}}}));
  }
  std::unique_ptr<HttpStream> open(const RawServer& server) { return try_open(transport(server)).value(); }
  Result<std::string> read(HttpStream& stream, Milliseconds within = 20s) { return run(io_, stream.read(root_.with_timeout(within))); }
  // Up to the end, or to the first error.
  std::string rest(HttpStream& stream) {
    std::string all;
    for (;;) {
      const auto bytes = read(stream);
      if (!bytes || bytes->empty()) return all;
      all += *bytes;
    }
  }

  boost::asio::io_context io_;
  SystemClock clock_{io_};
  Context root_{clock_};
  Step step_;
};

TEST_F(RealStream, AnswersWithTheHeadBeforeThereIsABody) {
  const RawServer server([](RawConnection& c, const std::string&) { c.write(kHead); });
  const auto stream = open(server);
  EXPECT_EQ(stream->head().status, 200);
  EXPECT_EQ(stream->head().headers.at("x-thing"), "Value");
  EXPECT_EQ(stream->head().body, "");
  EXPECT_THAT(server.requests().at(0), StartsWith("GET /watch?watch=true HTTP/1.1\r\n"));
}

TEST_F(RealStream, BringsEachChunkWithinMillisecondsOfItsSending) {
  std::atomic<Timestamp> sent;
  const RawServer server([&](RawConnection& c, const std::string&) {
    c.write(kHead);
    for (int i = 0; i < 20; ++i) {
      step_.await();
      sent = clock_.now();
      c.write(chunk(std::to_string(i)));
    }
  });
  const auto stream = open(server);
  Milliseconds fastest{10'000};
  for (int i = 0; i < 20; ++i) {
    step_.allow();  // the next chunk goes out only when the one before it was read
    EXPECT_EQ(*read(*stream), std::to_string(i));
    fastest = std::min(fastest, clock_.now() - sent.load());
  }
  EXPECT_LT(fastest, 20ms);  // the fastest: a machine at full load may delay any one of them
}

TEST_F(RealStream, TakesABodyThatArrivesInPiecesOfAByte) {
  const std::string wire = kHead + chunk("{\"type\":\"ADDED\"}\n") + chunk("\xc3") + chunk("\xa9\n") + kLastChunk;
  const RawServer server([&](RawConnection& c, const std::string&) {
    for (const char byte : wire) c.write({&byte, 1});
  });
  const auto stream = open(server);
  EXPECT_EQ(rest(*stream), "{\"type\":\"ADDED\"}\n\xc3\xa9\n");
}

TEST_F(RealStream, TakesAnyByteForAByte) {
  std::string bytes;
  for (int i = 255; i >= 0; --i) bytes += static_cast<char>(i);
  const RawServer server([&](RawConnection& c, const std::string&) { c.write(kHead + chunk(bytes) + kLastChunk); });
  EXPECT_EQ(rest(*open(server)), bytes);
}

TEST_F(RealStream, EndsWithAnEmptyTextForEver) {
  const RawServer server([](RawConnection& c, const std::string&) { c.write(kHead + chunk("last") + kLastChunk); });
  const auto stream = open(server);
  EXPECT_EQ(*read(*stream), "last");
  EXPECT_EQ(*read(*stream), "");
  EXPECT_EQ(*read(*stream), "");
}

TEST_F(RealStream, BringsWhatCameBeforeABreakAndThenTellsOfIt) {
  const RawServer server([&](RawConnection& c, const std::string&) {
    c.write(kHead + chunk("before") + "20\r\nhalf of");
    step_.await();
    c.close();
  });
  const auto stream = open(server);
  EXPECT_EQ(*read(*stream), "before");
  step_.allow();
  for (int i = 0; i < 2; ++i) {
    const auto broken = read(*stream);
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().kind, ErrorKind::kInterrupted);
    EXPECT_THAT(broken.error().text(), HasSubstr("/watch: the connection to 127.0.0.1:"));
  }
}

TEST_F(RealStream, MayBeReadOnAfterADeadlineThatBroughtNothing) {
  const RawServer server([&](RawConnection& c, const std::string&) {
    c.write(kHead);
    step_.await();
    c.write(chunk("late"));
  });
  const auto stream = open(server);
  const auto nothing = read(*stream, 30ms);
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().kind, ErrorKind::kTimeout);
  step_.allow();
  EXPECT_EQ(*read(*stream), "late");
}

TEST_F(RealStream, ReadingEndsAtOnceWhenItIsGivenUp) {
  const RawServer server([](RawConnection& c, const std::string&) { c.write(kHead); });
  const auto stream = open(server);
  const Context context = root_.child();
  const Running<Result<std::string>> reading(io_, stream->read(context));
  settle(io_);
  EXPECT_FALSE(reading.ended());
  context.cancel();
  settle(io_);
  ASSERT_TRUE(reading.ended());
  EXPECT_EQ(reading.value().error().kind, ErrorKind::kCancelled);
}

TEST_F(RealStream, ClosesItsConnectionWhenItIsDestroyed) {
  const RawServer server([](RawConnection& c, const std::string&) { c.write(kHead + chunk("one")); });
  auto stream = open(server);
  EXPECT_EQ(*read(*stream), "one");
  EXPECT_EQ(server.open_connections(), 1);
  stream.reset();
  EXPECT_TRUE(eventually([&] { return server.open_connections() == 0; }));
}

TEST_F(RealStream, ClosesItsConnectionWhenItEnded) {
  const RawServer server([](RawConnection& c, const std::string&) { c.write(kHead + std::string(kLastChunk)); });
  const auto stream = open(server);
  EXPECT_EQ(*read(*stream), "");
  EXPECT_TRUE(eventually([&] { return server.open_connections() == 0; }));
}

TEST_F(RealStream, OpeningEndsAtItsDeadlineAndClosesTheConnection) {
  const RawServer silent([](RawConnection&, const std::string&) {});
  const auto late = try_open(transport(silent), 100ms);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::kTimeout);
  EXPECT_TRUE(eventually([&] { return silent.open_connections() == 0; }));
}

TEST_F(RealStream, TellsWhyItCannotBeOpened) {
  std::shared_ptr<HttpTransport> nobody;
  {
    const RawServer gone([](RawConnection&, const std::string&) {});
    nobody = transport(gone);
  }
  EXPECT_EQ(try_open(nobody).error().kind, ErrorKind::kUnreachable);
  const RawServer closing([](RawConnection& c, const std::string&) { c.close(); });
  EXPECT_EQ(try_open(transport(closing)).error().kind, ErrorKind::kInterrupted);
  EXPECT_THAT(closing.requests(), SizeIs(1));
}

TEST_F(RealStream, BringsTheBodyOfARefusalToo) {
  const RawServer server([](RawConnection& c, const std::string&) { c.write(answer(410, "{\"kind\":\"Status\"}")); });
  const auto stream = open(server);
  EXPECT_EQ(stream->head().status, 410);
  EXPECT_EQ(rest(*stream), "{\"kind\":\"Status\"}");
}

TEST_F(RealStream, TakesNoConnectionFromRequests) {
  const RawServer server(
      [](RawConnection& c, const std::string& request) { c.write(request.starts_with("GET /watch") ? kHead : answer(200, "ok")); });
  const auto narrow = transport(server, 1);
  std::vector<std::unique_ptr<HttpStream>> streams;
  for (int i = 0; i < 4; ++i) streams.push_back(std::move(try_open(narrow).value()));
  const auto response = run(io_, narrow->send(root_.with_timeout(20s), {.path = "/x"}));
  ASSERT_TRUE(response) << response.error().text();
  EXPECT_EQ(response->body, "ok");
  EXPECT_EQ(server.open_connections(), 5);
}

TEST_F(RealStream, BringsMoreThanMayBePendingWholeToAReaderWhoComesLate) {
  std::atomic<int> sent = 0;
  const RawServer server([&](RawConnection& c, const std::string&) {
    c.write(kHead);
    for (; sent < 40; ++sent) c.write(chunk(std::string(1u << 20, static_cast<char>('a' + sent % 26))));
    c.write(kLastChunk);
  });
  const auto stream = open(server);
  EXPECT_TRUE(eventually([&] { return sent >= 8; }));
  const std::string all = rest(*stream);
  ASSERT_EQ(all.size(), 40u << 20);
  for (std::size_t i = 0; i < 40; ++i) EXPECT_EQ(all[(i << 20) + 7], static_cast<char>('a' + i % 26));
}

TEST_F(RealStream, MayGoInMidStreamWithAllThatItRunsOn) {
  const RawServer server([](RawConnection& c, const std::string&) {
    c.write(kHead);
    for (int i = 0; i < 50; ++i) c.write(chunk(std::string(100'000, 'x')));
  });
  for (int i = 0; i < 10; ++i) {
    auto io = std::make_unique<boost::asio::io_context>();
    auto clock = std::make_unique<SystemClock>(*io);
    const auto gone = make_http_transport(*io, {.base_url = "http://127.0.0.1:" + std::to_string(server.port())}).value();
    const Context root(*clock);
    auto stream = std::move(run(*io, gone->open(root, {.path = "/watch"})).value());
    if (i % 2 == 0) (void)run(*io, stream->read(root));
    stream.reset();
    clock.reset();
    io.reset();
  }
  EXPECT_TRUE(eventually([&] { return server.open_connections() == 0; }));
}

TEST(HttpPipe, HoldsItsSenderWhileTooMuchIsPending) {
  boost::asio::io_context io;
  ManualClock clock(io);
  const auto pipe = std::make_shared<HttpPipe>(io);
  EXPECT_TRUE(pipe->push("little").is_done());
  const auto held = pipe->push(std::string(HttpPipe::kMostPending, 'x'));
  EXPECT_FALSE(held.is_done());
  EXPECT_THAT(*run(io, pipe->read(Context(clock))), SizeIs(HttpPipe::kMostPending + 6));
  EXPECT_EQ(held.get(), HttpPipe::kMostPending);
}

TEST(HttpPipe, LetsItsSenderGoWhenItIsClosed) {
  boost::asio::io_context io;
  const auto pipe = std::make_shared<HttpPipe>(io);
  const auto held = pipe->push(std::string(HttpPipe::kMostPending, 'x'));
  pipe->close();
  EXPECT_EQ(held.get(), HttpPipe::kMostPending);
  EXPECT_TRUE(pipe->push(std::string(HttpPipe::kMostPending, 'x')).is_done());
}

TEST(HttpTransport, HasNoStreamsUnlessItSaysSo) {
  class Plain final : public HttpTransport {
    boost::asio::awaitable<Result<HttpResponse>> send(Context, HttpRequest) override { co_return HttpResponse{}; }
  };
  boost::asio::io_context io;
  ManualClock clock(io);
  Plain plain;
  EXPECT_EQ(run(io, plain.open(Context(clock), {.path = "/x"})).error().kind, ErrorKind::kUnsupported);
}

}  // namespace
}  // namespace lepton_operator::base
