// A directory store on real directories, with time and the event loop in the test's hands.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/yaml.h"
#include "store/directory_store.h"
#include "unit/store/manifests.h"
#include "unit/store/temporary_directory.h"

namespace lepton_operator::store {

template <class T>
boost::asio::awaitable<void> store_result(boost::asio::awaitable<T> work, std::optional<T>* result) {
  result->emplace(co_await std::move(work));
}

class DirectoryStoreTest : public testing::Test {
 protected:
  DirectoryStoreTest() { std::filesystem::create_directory(manifests()); }
  ~DirectoryStoreTest() override { stop(); }

  std::filesystem::path manifests() const { return root_.path() / "manifests"; }
  std::filesystem::path state() const { return root_.path() / "state"; }
  std::filesystem::path manifest(const std::string& name) const { return manifests() / name; }
  std::string source(const std::string& name) const { return manifest(name).string(); }
  std::filesystem::path state_of(const std::string& name) const { return state() / "default" / (name + ".yaml"); }

  // A new process on the same directories.
  void start() {
    store_ = make_directory_store(io_, clock_, *random_, log_, {.manifests = manifests(), .state = state()});
    context_.emplace(clock_);
    ended_.reset();
    told_.clear();
    boost::asio::awaitable<Result<>> run = store_->run(*context_, [this](Kind kind, ObjectKey key) {
      told_.push_back(std::string(kind == Kind::kInvocation  ? "Invocation "
                                  : kind == Kind::kWorkspace ? "Workspace "
                                                             : "Secret ") +
                      key.text());
      if (on_told_) on_told_(key);
    });
    boost::asio::co_spawn(io_, store_result(std::move(run), &ended_), boost::asio::detached);
    settle();
  }
  void stop() {
    if (!store_) return;
    context_->cancel();
    settle();
    store_.reset();
    settle();
  }
  void restart() {
    stop();
    start();
  }

  // Lets everything happen that can happen without time passing; the store writes on threads of its own.
  void settle() {
    for (int idle = 0; idle < 3;) {
      io_.restart();
      const bool writes = store_ && store_->writes_under_way() > 0;
      const std::size_t done = writes ? io_.run_one_for(std::chrono::milliseconds(100)) : io_.poll();
      idle = done == 0 && !writes ? idle + 1 : 0;
    }
  }
  void advance(base::Milliseconds by) {
    clock_.advance(by);
    settle();
  }
  void put(const std::string& name, const std::string& text) {
    write_text(manifest(name), text);
    settle();
  }
  void take_away(const std::string& name) {
    std::filesystem::remove(manifest(name));
    settle();
  }

  template <class T>
  T wait_for(boost::asio::awaitable<T> work) {
    std::optional<T> result;
    boost::asio::co_spawn(io_, store_result(std::move(work), &result), boost::asio::detached);
    settle();
    return std::move(result).value();
  }

  std::shared_ptr<const Invocation> find(const std::string& name) const { return store_->find_invocation({"default", name}); }
  std::string uid(const std::string& name) const { return find(name) ? find(name)->meta.uid : "none"; }
  std::int64_t generation(const std::string& name) const { return find(name) ? find(name)->meta.generation : -1; }
  bool deleting(const std::string& name) const { return find(name) && find(name)->meta.deleted.has_value(); }
  Result<> set_finalizer(const std::string& name, bool present) {
    return wait_for(store_->set_finalizer(*context_, find(name), invocation::kCleanupFinalizer, present));
  }
  Result<> set_progress(const std::string& name, const std::string& progress) { return write_progress(find(name), progress); }
  Result<> write_progress(std::shared_ptr<const Invocation> read, const std::string& progress) {
    invocation::InvocationStatus status = read->status;
    status.progress = progress;
    return wait_for(store_->write_status(*context_, std::move(read), std::move(status)));
  }

  // "False Invalid: <message>" of the condition Accepted in a state file.
  std::string accepted_in(const std::filesystem::path& file) const {
    const Result<std::vector<base::YamlDocument>> documents = base::parse_yaml(read_text(file), "state");
    if (!documents || documents->empty()) return "no state file";
    const base::Json& status = base::get_object(documents->front().value, "status");
    for (const base::Json& condition : base::elements(base::find(status, "conditions"))) {
      if (base::get_string(condition, "type") != "Accepted") continue;
      return *base::get_string(condition, "status") + " " + *base::get_string(condition, "reason") + ": " +
             base::get_string(condition, "message").value_or("");
    }
    return "no condition";
  }
  std::vector<std::string> lines_with(const std::string& text) const {
    std::vector<std::string> found;
    for (const std::string& line : log_.lines()) {
      if (line.find(text) != std::string::npos) found.push_back(line);
    }
    return found;
  }

  TemporaryDirectory root_;
  boost::asio::io_context io_;
  base::ManualClock clock_{io_};
  std::unique_ptr<base::Random> random_ = base::make_seeded_random(1);
  base::MemoryLog log_;
  std::unique_ptr<DirectoryStore> store_;
  std::optional<Context> context_;
  std::optional<Result<>> ended_;
  std::vector<std::string> told_;
  std::function<void(const ObjectKey&)> on_told_;
};

}  // namespace lepton_operator::store
