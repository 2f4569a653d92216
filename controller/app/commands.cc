#include "app/commands.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>
#include <utility>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "app/application.h"
#include "app/cluster_config.h"
#include "app/guard.h"
#include "app/host.h"
#include "app/startup.h"
#include "app/trial.h"
#include "app/version.h"
#include "base/files.h"
#include "base/http_cpprest.h"
#include "kube/connect.h"

namespace lepton_operator::app {

using base::Context;
using base::Error;
using base::ErrorKind;
using base::Result;
using boost::asio::awaitable;

namespace {

constexpr std::chrono::seconds kGuardTime{60};
constexpr int kHttpThreads = 2;

struct Flags {
  std::string kubeconfig;
  std::string context;
  std::vector<std::string> namespaces;
  std::string manifest;
  std::string until = "Complete=True";
  std::string timeout = "5m";
};

void say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

// From the flags to an Api, and the loop that answers it. One piece of work, then the end.
class Session {
 public:
  Result<> open(const Flags& flags) {
    Options options;
    if (!flags.kubeconfig.empty()) options.kubeconfig = flags.kubeconfig;
    if (!flags.context.empty()) options.context = flags.context;
    const Result<kube::ClusterConfig> config = find_cluster(options, process_environment());
    if (!config) return config.error();
    base::start_http_threads(kHttpThreads);
    Result<std::unique_ptr<kube::Api>> api =
        kube::make_api(io_, clock_, *config, {.user_agent = std::string("lepton-operator/") + kVersion});
    if (!api) return api.error();
    api_ = std::move(*api);
    return base::Ok{};
  }
  kube::Api& api() { return *api_; }
  const Context& context() const { return context_; }

  int run(awaitable<Result<>> work) {
    std::optional<Result<>> ended;
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      if (!error) context_.cancel();
    });
    boost::asio::co_spawn(io_, keep(std::move(work), &ended), [this](std::exception_ptr bug) {
      if (bug) std::rethrow_exception(bug);  // out of io_.run(), to the process's end
      io_.stop();
    });
    io_.run();
    return *ended ? 0 : refuse(kFailed, ended->error());
  }

 private:
  static awaitable<void> keep(awaitable<Result<>> work, std::optional<Result<>>* ended) {
    const Result<> result = co_await std::move(work);
    ended->emplace(result);
  }

  boost::asio::io_context io_{1};
  base::SystemClock clock_{io_};
  const Context context_{clock_};
  boost::asio::signal_set signals_{io_, SIGTERM, SIGINT};
  std::unique_ptr<kube::Api> api_;
};

awaitable<Result<>> guarding(Context context, kube::Api& api, base::Random& random, std::vector<std::string> namespaces) {
  const Result<std::string> free = co_await guard(context, api, random, std::move(namespaces));
  if (!free) co_return free.error();
  say(*free);
  co_return base::Ok{};
}

int run_guard(const Flags& flags) {
  Session session;
  if (const Result<> opened = session.open(flags); !opened) return refuse(kWrongFlags, opened.error());
  const std::unique_ptr<base::Random> random = base::make_system_random();
  return session.run(guarding(session.context().with_timeout(kGuardTime), session.api(), *random, flags.namespaces));
}

Result<Trial> read_trial(const Flags& flags) {
  const Result<std::string> text = base::read_file(flags.manifest);
  if (!text) return base::invalid("--manifest: " + text.error().text());
  Result<Trial> trial = parse_trial(flags.manifest, *text);
  if (!trial) return base::invalid("--manifest: " + trial.error().text());
  const std::optional<Awaited> awaited = parse_awaited(flags.until);
  if (!awaited) return base::invalid("--until: \"" + flags.until + "\" is not CONDITION=STATUS, e.g. Complete=True");
  const std::optional<base::Milliseconds> timeout = base::parse_duration(flags.timeout);
  if (!timeout || *timeout <= base::Milliseconds(0)) {
    return base::invalid("--timeout: \"" + flags.timeout + "\" is not a duration, e.g. 5m");
  }
  trial->awaited = *awaited;
  trial->timeout = *timeout;
  return trial;
}

int run_trial_command(const Flags& flags) {
  Result<Trial> trial = read_trial(flags);
  if (!trial) return refuse(kWrongFlags, trial.error());
  Session session;
  if (const Result<> opened = session.open(flags); !opened) return refuse(kWrongFlags, opened.error());
  return session.run(run_trial(session.context(), session.api(), std::move(*trial), say));
}

void add_cluster_flags(CLI::App& command, Flags& flags) {
  command.add_option("--kubeconfig", flags.kubeconfig, "how to reach the cluster, as for the operator")->type_name("FILE");
  command.add_option("--context", flags.context, "of the kubeconfig")->type_name("NAME");
}

}  // namespace

bool is_command(const std::string& word) { return word == "guard" || word == "trial"; }

int run_command(const std::vector<std::string>& arguments) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App cli("For the hooks of the Helm chart.", "lepton-operator");
  Flags flags;
  CLI::App* guarding = cli.add_subcommand("guard", "fails with a sentence that names the Invocations which still need the operator");
  add_cluster_flags(*guarding, flags);
  guarding->add_option("--namespace", flags.namespaces, "look in this one only; may be repeated")->type_name("NAME")->take_all();
  CLI::App* trying = cli.add_subcommand("trial", "creates an Invocation, waits for a condition, deletes it, waits until it is gone");
  add_cluster_flags(*trying, flags);
  trying->add_option("--manifest", flags.manifest, "the Invocation")->type_name("FILE")->required();
  trying->add_option("--until", flags.until, "the condition to wait for (Complete=True)")->type_name("CONDITION=STATUS");
  trying->add_option("--timeout", flags.timeout, "of the wait, and again of the deletion (5m)")->type_name("TIME");
  try {
    cli.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    say(cli.help());
    return 0;
  } catch (const CLI::ParseError& error) {
    return refuse(kWrongFlags, base::invalid(error.what()));
  }
  return guarding->parsed() ? run_guard(flags) : run_trial_command(flags);
}

}  // namespace lepton_operator::app
