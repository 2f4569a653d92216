// The parts of an operator around a simulated workspace, in time that the test moves.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "core/simulator.h"
#include "core/transport.h"
#include "reconcile/credentials_snapshot.h"
#include "reconcile/key_store.h"
#include "reconcile/vault.h"
#include "reconcile/workspaces.h"
#include "unit/reconcile/memory_store.h"

namespace lepton_operator::reconcile::test {

using namespace std::chrono_literals;

inline constexpr const char* kHost = "http://lepton.test";
inline const ObjectKey kLlama{"team", "llama"};

class OneKey final : public KeyStore {
 public:
  std::string current_id() const override { return "k1"; }
  std::optional<std::string> key(const std::string& id) const override {
    return id == "k1" ? std::optional<std::string>("0123456789abcdef") : std::nullopt;
  }
};

class MemorySnapshot final : public CredentialsSnapshot {
 public:
  base::Result<> save(const ObjectKey& workspace, const lepton::Credentials& credentials) override {
    kept[workspace] = credentials;
    return base::Ok{};
  }
  std::optional<lepton::Credentials> load(const ObjectKey& workspace) const override {
    const auto found = kept.find(workspace);
    return found == kept.end() ? std::nullopt : std::optional(found->second);
  }
  std::vector<ObjectKey> disposable() const override {
    std::vector<ObjectKey> workspaces;
    for (const auto& [workspace, credentials] : kept) workspaces.push_back(workspace);
    return workspaces;
  }
  base::Result<> remove(const ObjectKey& workspace) override {
    kept.erase(workspace);
    return base::Ok{};
  }
  std::map<ObjectKey, lepton::Credentials> kept;
};

class Bench {
 public:
  explicit Bench(simulator::Options options = {})
      : clock(io),
        random(base::make_seeded_random(7)),
        store(io, clock),
        vault(store, keys, log),
        simulator(std::move(options), [this] { return clock.now(); }),
        transport(std::make_shared<simulator::SimulatorTransport>(io, simulator)),
        root(clock) {}

  std::string url() const { return kHost + simulator.base_path(); }
  lepton::Credentials credentials(const std::string& token = "sim-token") const {
    return lepton::Credentials{"ws-sim", token, url(), std::nullopt};
  }
  TransportFactory transports() {
    return [this](const std::string& base_url) -> base::Result<std::shared_ptr<base::HttpTransport>> {
      if (base_url != kHost) return base::Error{base::ErrorKind::kInvalid, "unexpected URL " + base_url};
      return std::shared_ptr<base::HttpTransport>(transport);
    };
  }
  // A Workspace object and its Secret.
  void add_workspace(const ObjectKey& key, const std::string& credential = "ws-sim:sim-token") {
    store.put_secret({key.namespace_, "lepton"}, {{"credentials", credential}});
    store.put_workspace(key, "{credentialsSecretRef: {name: lepton}, url: \"" + url() + "\"}");
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
  // The machine sleeps for `by`: what fell due in between falls due once, when it wakes.
  void sleep(base::Milliseconds by) {
    settle();
    clock.advance(by);
    settle();
  }
  // Moves time in small steps until `holds`, at most `most`. True when it came to hold.
  bool until(const std::function<bool()>& holds, base::Milliseconds most) {
    settle();
    for (base::Milliseconds passed{0}; passed < most && !holds(); passed += 100ms) pass(100ms);
    return holds();
  }
  template <class T>
  std::shared_ptr<std::optional<T>> start(boost::asio::awaitable<T> work) {
    auto result = std::make_shared<std::optional<T>>();
    boost::asio::co_spawn(io, into<T>(std::move(work), result), boost::asio::detached);
    settle();
    return result;
  }
  std::shared_ptr<bool> start(boost::asio::awaitable<void> work) {
    auto ended = std::make_shared<bool>(false);
    boost::asio::co_spawn(io, note_end(std::move(work), ended), boost::asio::detached);
    settle();
    return ended;
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

  // Requests of this method and path (below the workspace; "*" stands for anything).
  int requests(const std::string& method, const std::string& path) const {
    int count = 0;
    for (const auto& request : simulator.requests()) count += request.method == method && simulator::glob(path, request.path) ? 1 : 0;
    return count;
  }
  bool logged(const std::string& text) const {
    for (const std::string& line : log.lines()) {
      if (line.find(text) != std::string::npos) return true;
    }
    return false;
  }

  boost::asio::io_context io;
  base::ManualClock clock;
  std::unique_ptr<base::Random> random;
  base::MemoryLog log;
  OneKey keys;
  MemorySnapshot snapshot;
  MemoryStore store;
  Vault vault;
  simulator::Simulator simulator;
  std::shared_ptr<simulator::SimulatorTransport> transport;
  base::Context root;

 private:
  template <class T>
  static boost::asio::awaitable<void> into(boost::asio::awaitable<T> work, std::shared_ptr<std::optional<T>> result) {
    T value = co_await std::move(work);
    result->emplace(std::move(value));
  }
  static boost::asio::awaitable<void> note_end(boost::asio::awaitable<void> work, std::shared_ptr<bool> ended) {
    co_await std::move(work);
    *ended = true;
  }
};

}  // namespace lepton_operator::reconcile::test
