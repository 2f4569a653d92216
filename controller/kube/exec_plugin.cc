#include "kube/exec_plugin.h"

#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/post.hpp>

#include "base/async.h"
#include "kube/child_process.h"
#include "kube/exec_credential.h"

namespace lepton_operator::kube {

namespace {

using base::Error;
using base::ErrorKind;
using base::Result;

constexpr std::chrono::seconds kLeeway{10};

ChildCommand command_of(const ClusterConfig& config) {
  const ExecPlugin& plugin = *config.exec;
  ChildCommand command;
  command.program = plugin.command;
  command.arguments = plugin.arguments;
  command.environment = plugin.environment;
  command.environment["KUBERNETES_EXEC_INFO"] = exec_info(config, plugin);
  return command;
}

class ExecTokenSource final : public TokenSource {
 public:
  ExecTokenSource(boost::asio::io_context& io, base::Clock& clock, const ClusterConfig& config)
      : clock_(clock), command_(command_of(config)), state_(std::make_shared<State>(io, *config.exec)) {}

  ~ExecTokenSource() override {
    if (child_) child_->stop();
    if (thread_.joinable()) thread_.join();
  }

  boost::asio::awaitable<Result<std::string>> token(base::Context context) override {
    const std::shared_ptr<State> state = state_;  // ours may go while we wait
    if (state->credential && fresh(*state->credential)) co_return state->credential->token;
    if (!state->running) start();
    while (state->running) {
      const bool woken = co_await state->ended.wait(context);
      if (!woken && state->running) {
        co_return Error{ErrorKind::kUnreachable, "the exec plugin \"" + state->plugin.command + "\" gave no token in time"};
      }
    }
    if (state->credential) co_return state->credential->token;
    co_return *state->failure;
  }

  void refused() override {
    // A run under way began after the refused token was made; its answer is not to be thrown away.
    if (!state_->running) state_->credential.reset();
  }

 private:
  struct State {
    State(boost::asio::io_context& of, ExecPlugin with) : io(of), ended(of), plugin(std::move(with)) {}

    void finish(const Result<std::string>& output) {
      running = false;
      Result<ExecCredential> read = output ? read_exec_credential(plugin, *output) : explained(output.error());
      credential.reset();
      if (read) {
        credential = std::move(read).value();
      } else {
        failure = read.error();
      }
      ended.notify();
    }

    Result<ExecCredential> explained(Error error) const {
      error.what = "the exec plugin " + error.what;
      if (error.kind == ErrorKind::kInvalid && !plugin.install_hint.empty()) error.what += "; " + plugin.install_hint;
      return error;
    }

    boost::asio::io_context& io;
    base::Signal ended;
    ExecPlugin plugin;
    bool running = false;
    std::optional<ExecCredential> credential;
    std::optional<Error> failure;  // of the last run
  };

  bool fresh(const ExecCredential& credential) const { return !credential.expires_at || clock_.now() + kLeeway < *credential.expires_at; }

  void start() {
    if (thread_.joinable()) thread_.join();  // it has posted its result: it ends at once
    state_->running = true;
    state_->credential.reset();
    child_ = std::make_unique<ChildProcess>();
    thread_ = std::thread([child = child_.get(), command = command_, io = &state_->io, state = std::weak_ptr(state_)] {
      Result<std::string> output = child->run(command);
      boost::asio::post(*io, [state, output = std::move(output)] {
        if (const auto alive = state.lock()) alive->finish(output);
      });
    });
  }

  base::Clock& clock_;
  ChildCommand command_;
  std::shared_ptr<State> state_;
  std::unique_ptr<ChildProcess> child_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<TokenSource> make_exec_token_source(boost::asio::io_context& io, base::Clock& clock, const ClusterConfig& config) {
  return std::make_unique<ExecTokenSource>(io, clock, config);
}

}  // namespace lepton_operator::kube
