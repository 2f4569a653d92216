// A client on a scripted transport, in time that the test moves.
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "base/clock.h"
#include "base/random.h"
#include "lepton/client.h"
#include "unit/lepton/scripted_transport.h"

namespace lepton_operator::lepton::test {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

inline constexpr const char* kToken = "nvapi-0123456789abcdef";

inline Credentials test_credentials() {
  return Credentials{"ws1", kToken, "http://lepton.test/api/v2/workspaces/ws1", "https://lepton.test"};
}

class Bench {
 public:
  explicit Bench(ClientOptions options = {})
      : clock(io), random(base::make_seeded_random(7)), transport(std::make_shared<ScriptedTransport>(clock)), root(clock) {
    client = std::make_unique<Client>(transport, test_credentials(), clock, *random, std::move(options));
  }
  ~Bench() {
    root.cancel();
    settle();
  }

  // Runs everything that can run without time passing.
  void settle() {
    do io.restart();
    while (io.poll() > 0);
  }

  // Moves time by `by`, stopping wherever something falls due.
  void pass(base::Milliseconds by) {
    const base::Timestamp end = clock.now() + by;
    settle();
    while (const auto next = clock.next()) {
      if (*next > end) break;
      clock.advance(*next - clock.now());
      settle();
    }
    clock.advance(end - clock.now());
    settle();
  }

  // Starts a coroutine; its result comes when it comes.
  template <class T>
  std::shared_ptr<std::optional<T>> start(boost::asio::awaitable<T> work) {
    auto result = std::make_shared<std::optional<T>>();
    boost::asio::co_spawn(io, into<T>(std::move(work), result), boost::asio::detached);
    settle();
    return result;
  }

  // Runs a coroutine to its end, moving time as far as that takes.
  template <class T>
  T get(boost::asio::awaitable<T> work) {
    const auto result = start(std::move(work));
    while (!*result) {
      const auto next = clock.next();
      if (!next) throw std::logic_error("it would wait for ever");
      clock.advance(*next - clock.now());
      settle();
    }
    return std::move(**result);
  }

  boost::asio::io_context io;
  base::ManualClock clock;
  std::unique_ptr<base::Random> random;
  std::shared_ptr<ScriptedTransport> transport;
  base::Context root;
  std::unique_ptr<Client> client;

 private:
  template <class T>
  static boost::asio::awaitable<void> into(boost::asio::awaitable<T> work, std::shared_ptr<std::optional<T>> result) {
    T value = co_await std::move(work);
    result->emplace(std::move(value));
  }
};

}  // namespace lepton_operator::lepton::test
