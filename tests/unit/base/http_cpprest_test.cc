#include "base/http_cpprest.h"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <gmock/gmock.h>

#include "base/clock.h"
#include "base/files.h"
#include "base/http_exchange.h"
#include "unit/base/raw_server.h"
#include "unit/base/run.h"

namespace lepton_operator::base {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

HttpRequest get(std::string path = "/x") { return {.path = std::move(path)}; }
HttpRequest post(std::string body, std::string path = "/x") {
  return {.method = Method::kPost, .path = std::move(path), .body = std::move(body), .content_type = "application/json"};
}

class RealTransport : public ::testing::Test {
 protected:
  RealTransport() { start_http_threads(2); }

  std::shared_ptr<HttpTransport> transport(int port, HttpClientOptions options = {}) {
    if (options.base_url.empty()) options.base_url = "http://127.0.0.1:" + std::to_string(port);
    return make_http_transport(io_, options).value();
  }
  Result<HttpResponse> send(const std::shared_ptr<HttpTransport>& transport, HttpRequest request, Milliseconds within = 20s) {
    return run(io_, transport->send(root_.with_timeout(within), std::move(request)));
  }
  Result<HttpResponse> send(const RawServer& server, HttpRequest request, Milliseconds within = 20s) {
    return send(transport(server.port()), std::move(request), within);
  }

  boost::asio::io_context io_;
  SystemClock clock_{io_};
  Context root_{clock_};
};

TEST_F(RealTransport, BringsStatusHeadersAndBody) {
  const RawServer server(
      [](RawConnection& c, const std::string&) { c.write(answer(404, "{\"a\":1}", "X-Thing: Value\r\nRetry-After: 3\r\n")); });
  const auto response = send(server, get());
  ASSERT_TRUE(response) << response.error().text();
  EXPECT_EQ(response->status, 404);
  EXPECT_EQ(response->body, "{\"a\":1}");
  EXPECT_EQ(response->headers.at("x-thing"), "Value");
  EXPECT_EQ(response->headers.at("retry-after"), "3");
}

TEST_F(RealTransport, PutsTheRequestOnTheWireAsItIs) {
  const RawServer server([](RawConnection& c, const std::string&) { c.write(answer(200, "")); });
  HttpRequest request = post("{\"k\":\"\u00e9\"}", "/api/a%2Fb/c");
  request.query = {{"q", "x y&z"}, {"limit", "500"}};
  request.headers = {{"Authorization", "Bearer abc"}};
  ASSERT_TRUE(send(server, request));
  const std::string wire = server.requests().at(0);
  EXPECT_THAT(wire, StartsWith("POST /api/a%2Fb/c?q=x%20y%26z&limit=500 HTTP/1.1\r\n"));
  EXPECT_THAT(wire, HasSubstr("\r\nAuthorization:Bearer abc\r\n"));
  EXPECT_THAT(wire, HasSubstr("\r\nContent-Type:application/json\r\n"));
  EXPECT_THAT(wire, HasSubstr("\r\nHost: 127.0.0.1:" + std::to_string(server.port()) + "\r\n"));
  EXPECT_THAT(wire, EndsWith("\r\n\r\n{\"k\":\"\u00e9\"}"));
}

TEST_F(RealTransport, SendsEveryMethodByItsNameAndNoContentTypeWithoutABody) {
  const RawServer server([](RawConnection& c, const std::string&) { c.write(answer(200, "")); });
  const auto kept = transport(server.port());
  for (const auto method : {Method::kGet, Method::kPost, Method::kPut, Method::kPatch, Method::kDelete}) {
    HttpRequest request = get();
    request.method = method;
    ASSERT_TRUE(send(kept, request));
    EXPECT_THAT(server.requests().back(), StartsWith(std::string(to_string(method)) + " /x HTTP/1.1\r\n"));
    EXPECT_THAT(server.requests().back(), Not(HasSubstr("Content-Type")));
  }
}

TEST_F(RealTransport, TakesBodiesOfManyChunksAndOfUnknownLength) {
  const RawServer server([](RawConnection& c, const std::string& request) {
    if (request.starts_with("GET /chunked")) {
      c.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    } else if (request.starts_with("GET /close")) {
      c.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end");
      c.close();
    } else {
      c.write(answer(200, std::string(3'000'000, 'x')));
    }
  });
  EXPECT_EQ(send(server, get("/chunked"))->body, "abcde");
  EXPECT_EQ(send(server, get("/close"))->body, "until the end");
  EXPECT_EQ(send(server, get("/large"))->body, std::string(3'000'000, 'x'));
}

class Body final : public BodyReader {
 public:
  void take(std::string_view bytes) override {
    text += bytes;
    ++pieces;
  }
  std::string text;
  std::atomic<int> pieces = 0;
};

HttpRequest get(std::string path, Body& body) { return {.path = std::move(path), .reader = &body}; }

TEST_F(RealTransport, GivesABodyToItsReaderAsItComes) {
  Body body;
  const RawServer server([&](RawConnection& c, const std::string&) {
    c.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    const auto patience = std::chrono::steady_clock::now() + 10s;
    while (body.pieces == 0 && std::chrono::steady_clock::now() < patience) std::this_thread::sleep_for(1ms);
    c.write(body.pieces == 0 ? "4\r\nlate\r\n0\r\n\r\n" : "2\r\nde\r\n0\r\n\r\n");
  });
  const auto response = send(server, get("/x", body));
  ASSERT_TRUE(response) << response.error().text();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "");
  EXPECT_EQ(body.text, "abcde");
}

TEST_F(RealTransport, GivesItsReaderLargeBodiesWholeAndKeepsTheConnection) {
  std::atomic<int> connections = 0;
  std::string large;
  for (int i = 0; large.size() < 3'000'000; ++i) large += std::to_string(i);
  const RawServer server([&](RawConnection& c, const std::string&) {
    connections = std::max(connections.load(), c.number + 1);
    c.write(answer(200, large));
  });
  const auto kept = transport(server.port());
  for (int i = 0; i < 10; ++i) {
    Body body;
    ASSERT_TRUE(send(kept, get("/x", body)));
    EXPECT_TRUE(body.text == large);
  }
  EXPECT_LE(connections, 3);  // the pool takes one back a moment after the answer
}

// However large a chunk is: others wait for their turn.
TEST_F(RealTransport, GivesItsReaderNoMoreAtOnceThanMayKeepOthersWaiting) {
  const std::string chunk(1u << 20, 'x');
  const RawServer server([&](RawConnection& c, const std::string&) {
    c.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n" + chunk + "\r\n0\r\n\r\n");
  });
  Body body;
  ASSERT_TRUE(send(server, get("/x", body)));
  EXPECT_TRUE(body.text == chunk);
  EXPECT_GE(body.pieces, 16);
}

TEST_F(RealTransport, LeavesWhatIsNoSuccessToTheResponse) {
  const RawServer server([](RawConnection& c, const std::string&) { c.write(answer(503, "busy")); });
  Body body;
  EXPECT_EQ(send(server, get("/x", body))->body, "busy");
  EXPECT_EQ(body.text, "");
}

TEST_F(RealTransport, FailsWhenWhatItsReaderWasGivenBreaksOffOrDoesNotEnd) {
  const RawServer server([](RawConnection& c, const std::string& request) {
    c.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    if (request.starts_with("GET /broken")) c.close();
  });
  Body broken;
  const auto interrupted = send(server, get("/broken", broken));
  ASSERT_FALSE(interrupted);
  EXPECT_EQ(interrupted.error().kind, ErrorKind::kInterrupted);
  Body silent;
  const auto late = send(server, get("/silent", silent), 300ms);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::kTimeout);
  EXPECT_THAT(server.requests(), SizeIs(2));  // never asked again once there was an answer
}

TEST_F(RealTransport, SendsLargeBodiesWhole) {
  const RawServer server([](RawConnection& c, const std::string&) { c.write(answer(200, "")); });
  const std::string body(3'000'000, 'y');
  ASSERT_TRUE(send(server, post(body)));
  EXPECT_TRUE(server.requests().at(0).ends_with("\r\n\r\n" + body));
}

TEST_F(RealTransport, DoesNotWaitForTheBodyOfAHead) {
  const RawServer server([](RawConnection& c, const std::string&) { c.write("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"); });
  HttpRequest head = get();
  head.method = Method::kHead;
  const auto response = send(server, head, 5s);
  ASSERT_TRUE(response) << response.error().text();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "");
}

TEST_F(RealTransport, NeverFollowsARedirect) {
  const RawServer server([](RawConnection& c, const std::string&) { c.write(answer(307, "", "Location: /elsewhere\r\n")); });
  EXPECT_EQ(send(server, get())->status, 307);
  EXPECT_THAT(server.requests(), SizeIs(1));
}

TEST_F(RealTransport, KeepsConnectionsForSafeMethods) {
  std::atomic<int> connections = 0;
  const RawServer server([&](RawConnection& c, const std::string&) {
    connections = std::max(connections.load(), c.number + 1);
    c.write(answer(200, ""));
  });
  const auto kept = transport(server.port());
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(send(kept, get()));
  EXPECT_LE(connections, 3);  // the pool takes one back a moment after the answer
}

TEST_F(RealTransport, SendsAGetAgainWhenItsKeptConnectionWasDead) {
  const RawServer server([](RawConnection& c, const std::string& request) {
    if (request.starts_with("GET /second") && c.requests > 1) return c.close();
    c.write(answer(200, request.substr(5, 6)));
  });
  const auto kept = transport(server.port());
  for (int round = 0; round < 5; ++round) {
    EXPECT_EQ(send(kept, get("/first0"))->body, "first0");
    const auto second = send(kept, get("/second"));
    ASSERT_TRUE(second) << second.error().text();
    EXPECT_EQ(second->body, "second");
  }
}

TEST_F(RealTransport, GivesItsReaderABodyOnceThoughTheKeptConnectionWasDead) {
  const RawServer server([](RawConnection& c, const std::string& request) {
    if (request.starts_with("GET /second") && c.requests > 1) return c.close();
    c.write(answer(200, request.substr(5, 6)));
  });
  const auto kept = transport(server.port());
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(send(kept, get("/first0")));
    Body second;
    const auto response = send(kept, get("/second", second));
    ASSERT_TRUE(response) << response.error().text();
    EXPECT_EQ(second.text, "second");
  }
}

TEST_F(RealTransport, SendsAGetAgainWhenTheServerClosedTheIdleConnection) {
  const RawServer server([](RawConnection& c, const std::string&) {
    c.write(answer(200, "ok"));
    c.close();
  });
  const auto kept = transport(server.port());
  for (int i = 0; i < 20; ++i) {
    const auto response = send(kept, get());
    ASSERT_TRUE(response) << response.error().text();
  }
}

TEST_F(RealTransport, GivesAGetUpAfterOneRepetition) {
  const RawServer server([](RawConnection& c, const std::string&) { c.close(); });
  const auto response = send(server, get());
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kInterrupted);
  EXPECT_THAT(server.requests(), SizeIs(2));
}

TEST_F(RealTransport, NeverSendsAPostTwice) {
  const RawServer server([](RawConnection& c, const std::string& request) {
    if (request.starts_with("POST")) return c.close();
    c.write(answer(200, ""));
  });
  const auto kept = transport(server.port());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(send(kept, get()));  // there are kept connections that it could be sent on
  const auto response = send(kept, post("{}", "/only"));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kInterrupted);
  EXPECT_TRUE(response.error().uncertain());
  EXPECT_THAT(response.error().text(), AllOf(StartsWith("POST http://127.0.0.1:"), HasSubstr("/only: the connection to 127.0.0.1:")));
  const auto all = server.requests();
  EXPECT_EQ(std::count_if(all.begin(), all.end(), [](const std::string& r) { return r.starts_with("POST"); }), 1);
}

TEST_F(RealTransport, SendsAPostOnALiveConnectionThoughTheKeptOnesAreDead) {
  const RawServer server([](RawConnection& c, const std::string& request) {
    c.write(answer(200, ""));
    if (request.starts_with("GET")) c.close();
  });
  const auto kept = transport(server.port());
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(send(kept, get()));
    const auto response = send(kept, post("{}"));
    ASSERT_TRUE(response) << response.error().text();
  }
}

TEST_F(RealTransport, SaysThatNothingWasSentWhenTheConnectionIsRefused) {
  int port = 0;
  {
    port = RawServer([](RawConnection&, const std::string&) {}).port();
  }
  const auto response = send(transport(port), post("{}"));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kUnreachable);
  EXPECT_FALSE(response.error().uncertain());
  EXPECT_THAT(response.error().what, HasSubstr("cannot connect to 127.0.0.1:"));
}

TEST_F(RealTransport, SaysThatNothingWasSentWhenTheHostHasNoAddress) {
  const auto response = send(transport(0, {.base_url = "http://nowhere.invalid"}), get());
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kUnreachable);
  EXPECT_THAT(response.error().what, HasSubstr("nowhere.invalid:80"));
}

TEST_F(RealTransport, TakesATruncatedBodyForAnInterruption) {
  for (const char* partial :
       {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\nabc", "HTTP/1.1 200 OK\r\nContent-"}) {
    const RawServer server([&](RawConnection& c, const std::string&) {
      c.write(partial);
      c.close();
    });
    const auto response = send(server, post("{}"));
    ASSERT_FALSE(response) << partial;
    EXPECT_EQ(response.error().kind, ErrorKind::kInterrupted) << partial;
  }
}

TEST_F(RealTransport, TakesWhatIsNotHttpForMalformed) {
  const RawServer server([](RawConnection& c, const std::string&) { c.write("220 mail ready\r\n\r\n"); });
  EXPECT_EQ(send(server, get()).error().kind, ErrorKind::kMalformed);
}

TEST_F(RealTransport, AnswersAtItsDeadlineWhateverTheServerDoes) {
  const RawServer silent([](RawConnection&, const std::string&) {});
  const RawServer stuck([](RawConnection& c, const std::string&) { c.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"); });
  for (const RawServer* server : {&silent, &stuck}) {
    const auto begun = clock_.now();
    const auto response = send(*server, post("{}"), 300ms);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().kind, ErrorKind::kTimeout);
    EXPECT_TRUE(response.error().uncertain());
    EXPECT_GE(clock_.now() - begun, 300ms);
    EXPECT_LT(clock_.now() - begun, 5s);
  }
}

TEST_F(RealTransport, CancelledAfterSendingIsUncertain) {
  const Context context = root_.child();
  const RawServer server([&](RawConnection&, const std::string&) { boost::asio::post(io_, [context] { context.cancel(); }); });
  const auto kept = transport(server.port());
  const auto response = run(io_, kept->send(context, post("{}")));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kInterrupted);
}

TEST_F(RealTransport, CancelledBeforeSendingSendsNothing) {
  const RawServer server([](RawConnection& c, const std::string&) { c.write(answer(200, "")); });
  const Context context = root_.child();
  context.cancel();
  const auto kept = transport(server.port());
  const auto response = run(io_, kept->send(context, post("{}")));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kCancelled);
  ASSERT_TRUE(send(kept, get()));
  EXPECT_THAT(server.requests(), ElementsAre(StartsWith("GET")));
}

TEST_F(RealTransport, NeverHasMoreRequestsUnderWayThanConnectionsAllowed) {
  const RawServer server([](RawConnection& c, const std::string&) {
    std::this_thread::sleep_for(5ms);  // so that requests would overlap
    c.write(answer(200, ""));
  });
  const auto capped = transport(server.port(), {.max_connections = 4});
  std::vector<Running<Result<HttpResponse>>> all;
  for (int i = 0; i < 40; ++i) all.emplace_back(io_, capped->send(root_, i % 2 == 0 ? get() : post("{}")));
  io_.restart();
  io_.run();
  for (const auto& one : all) EXPECT_TRUE(one.value());
  EXPECT_THAT(server.requests(), SizeIs(40));
  EXPECT_LE(server.most_at_once(), 4);
  EXPECT_GE(server.most_at_once(), 2);
}

TEST_F(RealTransport, WhoWaitsForAConnectionTooLongHasSentNothing) {
  const RawServer server([](RawConnection&, const std::string&) {});
  const auto narrow = transport(server.port(), {.max_connections = 1});
  const Running<Result<HttpResponse>> first(io_, narrow->send(root_.with_timeout(600ms), post("first")));
  const Running<Result<HttpResponse>> second(io_, narrow->send(root_.with_timeout(200ms), post("second")));
  io_.restart();
  io_.run();
  EXPECT_EQ(first.value().error().kind, ErrorKind::kTimeout);
  EXPECT_EQ(second.value().error().kind, ErrorKind::kUnreachable);
  EXPECT_THAT(server.requests(), ElementsAre(EndsWith("first")));
}

TEST_F(RealTransport, RefusesHeadersThatWouldInjectOthersWithoutRepeatingThem) {
  const RawServer server([](RawConnection& c, const std::string&) { c.write(answer(200, "")); });
  HttpRequest request = get();
  request.headers = {{"Authorization", "Bearer secret\r\nX-Other: 1"}};
  const auto response = send(server, request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kInvalid);
  EXPECT_THAT(response.error().text(), Not(HasSubstr("secret")));
  EXPECT_THAT(server.requests(), IsEmpty());
}

TEST_F(RealTransport, RefusesPathsThatAreNone) {
  const RawServer server([](RawConnection& c, const std::string&) { c.write(answer(200, "")); });
  for (const char* path : {"", "x", "//evil.example/x", "/a?b", "/a#b", "/a b", "/a\r\nb", "/a%zz", "/a%2", "/a\"b", "/\u00e9"}) {
    EXPECT_EQ(send(server, get(path)).error().kind, ErrorKind::kInvalid) << path;
  }
  EXPECT_THAT(server.requests(), IsEmpty());
}

TEST_F(RealTransport, MayGoWhileAnAbandonedAnswerIsStillOnItsWay) {
  std::atomic<int> answered = 0;
  const RawServer server([&](RawConnection& c, const std::string&) {
    std::this_thread::sleep_for(30ms);
    c.write(answer(200, std::string(100'000, 'x')));
    ++answered;
  });
  for (int i = 0; i < 10; ++i) {
    auto io = std::make_unique<boost::asio::io_context>();
    auto clock = std::make_unique<SystemClock>(*io);
    {
      const auto gone = make_http_transport(*io, {.base_url = "http://127.0.0.1:" + std::to_string(server.port())}).value();
      const Context root(*clock);
      const auto work = i % 2 == 0 ? root.with_timeout(static_cast<Milliseconds>(10 + i)) : root;
      const Running<Result<HttpResponse>> running(*io, gone->send(work, get()));
      io->run_for(20ms);
      clock.reset();
      io.reset();  // with the coroutine still in it when it had no deadline
    }
  }
}

// As after a time in which the whole process was frozen: the pool's threads run before the domain's has seen what time it is.
TEST_F(RealTransport, SendsNoBodyAfterItsDeadlineThoughNobodyStopsIt) {
  const RawServer server([](RawConnection& c, const std::string&) { c.write(answer(200, "ok")); });
  const auto outcome_of = [&](std::chrono::milliseconds from_now) {
    const auto exchange = std::make_shared<HttpExchange>(io_, "server", "POST /x", [] { return std::string(); });
    exchange->not_after(std::chrono::steady_clock::now() + from_now);
    web::http::http_request request("POST");
    request.set_body("{}", "application/json");
    exchange->start(std::make_shared<web::http::client::http_client>("http://127.0.0.1:" + std::to_string(server.port())), request);
    return run(io_, exchange->outcome()).result;
  };
  const auto late = outcome_of(-1ms);
  ASSERT_FALSE(late);
  EXPECT_FALSE(late.error().uncertain());
  EXPECT_THAT(server.requests(), IsEmpty());
  EXPECT_TRUE(outcome_of(20s));
  EXPECT_THAT(server.requests(), SizeIs(1));
}

// The library sends it again, at once, when a kept connection turns out closed.
TEST_F(RealTransport, SendsNoBodyAgainAfterItsDeadline) {
  const RawServer server([](RawConnection& c, const std::string&) {
    if (c.requests == 1) return c.write(answer(200, "ok"));
    std::this_thread::sleep_for(2'300ms);  // longer than it has time, which is enough to be sent on a busy machine
    c.close();
  });
  const auto client = std::make_shared<web::http::client::http_client>("http://127.0.0.1:" + std::to_string(server.port()));
  const auto post = [&] {
    const auto exchange = std::make_shared<HttpExchange>(io_, "server", "POST /x", [] { return std::string(); });
    exchange->not_after(std::chrono::steady_clock::now() + 2s);
    web::http::http_request request("POST");
    request.set_body("{}", "application/json");
    exchange->start(client, request);
    return run(io_, exchange->outcome()).result;
  };
  // A connection can be kept a moment after its answer was told: until then each has its own.
  std::size_t before = 0;
  Result<HttpResponse> outcome = HttpResponse{};
  for (int tries = 0; tries < 100 && outcome; ++tries) {
    before = server.requests().size();
    outcome = post();
  }
  ASSERT_FALSE(outcome);
  EXPECT_TRUE(outcome.error().uncertain());
  EXPECT_THAT(server.requests(), SizeIs(before + 1)) << "not sent again";
}

TEST_F(RealTransport, TellsThatAnIpv6AddressNeedsAHostName) {
  EXPECT_THAT(make_http_transport(io_, {.base_url = "https://[fd00::1]:6443"}).error().text(), HasSubstr("cannot be an IPv6 address"));
}

TEST_F(RealTransport, TellsUrlsThatCannotBeUsed) {
  for (const char* url :
       {"", "x", "ftp://x", "http://", "https://x/path", "https://x?q=1", "https://me:secret@x", "https://x:y", "https://x:99999"}) {
    const auto result = make_http_transport(io_, {.base_url = url});
    ASSERT_FALSE(result) << url;
    EXPECT_EQ(result.error().kind, ErrorKind::kInvalid);
    EXPECT_THAT(result.error().text(), Not(HasSubstr("secret")));
  }
}

class TlsTransport : public RealTransport {
 protected:
  TlsTransport() {
    std::string pattern = (std::filesystem::temp_directory_path() / "lepton-operator-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    ca_file_ = (directory_ / "ca.pem").string();
    EXPECT_TRUE(write_file_atomically(ca_file_, identity_.certificate));
  }
  ~TlsTransport() override { std::filesystem::remove_all(directory_); }

  HttpClientOptions options() const { return {.base_url = "https://127.0.0.1:" + std::to_string(server_.port()), .ca_file = ca_file_}; }
  Result<HttpResponse> send_with(const HttpClientOptions& with) { return send(transport(0, with), post("{}")); }

  const Identity identity_ = make_identity("DNS:good.test,IP:127.0.0.1");
  const RawServer server_{[](RawConnection& c, const std::string&) { c.write(answer(200, "ok")); }, &identity_};
  std::filesystem::path directory_;
  std::string ca_file_;
};

TEST_F(TlsTransport, TrustsTheCaFileAndTheAddressInTheCertificate) {
  const auto response = send_with(options());
  ASSERT_TRUE(response) << response.error().text();
  EXPECT_EQ(response->body, "ok");
  EXPECT_THAT(server_.server_names(), IsEmpty());  // addresses are not sent as names
}

TEST_F(TlsTransport, KeepsTlsConnectionsToo) {
  const auto kept = transport(0, options());
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(send(kept, get()));
}

TEST_F(TlsTransport, VerifiesAndSendsTheServerNameInPlaceOfTheHost) {
  HttpClientOptions named = options();
  named.server_name = "good.test";
  const auto response = send_with(named);
  ASSERT_TRUE(response) << response.error().text();
  EXPECT_THAT(server_.server_names(), ElementsAre("good.test"));
  EXPECT_THAT(server_.requests().at(0), HasSubstr("Host: 127.0.0.1:"));
}

TEST_F(TlsTransport, SendsTheHostAsServerName) {
  HttpClientOptions by_name = options();
  by_name.base_url = "https://localhost:" + std::to_string(server_.port());
  const auto response = send_with(by_name);
  ASSERT_FALSE(response);
  EXPECT_THAT(response.error().what, HasSubstr("is not trusted: hostname mismatch"));
  EXPECT_THAT(server_.server_names(), ElementsAre("localhost"));
}

TEST_F(TlsTransport, RefusesACertificateForAnotherName) {
  HttpClientOptions other = options();
  other.server_name = "other.test";
  const auto response = send_with(other);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kUnreachable);
  EXPECT_THAT(response.error().what, HasSubstr("is not trusted: hostname mismatch"));
  EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(TlsTransport, RefusesACertificateOfAnUnknownCa) {
  HttpClientOptions system = options();
  system.ca_file.reset();
  const auto response = send_with(system);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kUnreachable);
  EXPECT_THAT(response.error().what,
              AllOf(StartsWith("the certificate of 127.0.0.1:"), HasSubstr("is not trusted: self-signed certificate")));
  EXPECT_THAT(server_.requests(), IsEmpty());
}

TEST_F(TlsTransport, AcceptsAnyCertificateOnlyWhenToldTo) {
  HttpClientOptions any = options();
  any.ca_file.reset();
  any.server_name = "other.test";
  any.verify_tls = false;
  const auto response = send_with(any);
  ASSERT_TRUE(response) << response.error().text();
}

TEST_F(TlsTransport, HasSentNothingWhenTheHandshakeHangs) {
  const RawServer plain([](RawConnection&, const std::string&) {});
  HttpClientOptions hanging = options();
  hanging.base_url = "https://127.0.0.1:" + std::to_string(plain.port());
  hanging.connect_timeout = 200ms;
  const auto response = send_with(hanging);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kUnreachable);
  EXPECT_THAT(response.error().what, HasSubstr("no connection to 127.0.0.1:"));
}

TEST_F(TlsTransport, TellsCaFilesThatCannotBeUsed) {
  HttpClientOptions bad = options();
  bad.ca_file = (directory_ / "none.pem").string();
  EXPECT_THAT(make_http_transport(io_, bad).error().text(), AllOf(HasSubstr("none.pem"), HasSubstr("No such file")));
  ASSERT_TRUE(write_file_atomically(directory_ / "empty.pem", "no certificate\n"));
  bad.ca_file = (directory_ / "empty.pem").string();
  EXPECT_THAT(make_http_transport(io_, bad).error().text(), HasSubstr("holds no certificate"));
}

}  // namespace
}  // namespace lepton_operator::base
