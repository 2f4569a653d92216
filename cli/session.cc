#include "cli/session.h"

#include <csignal>
#include <cstdlib>
#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>

#include "app/embedded_catalogue.h"
#include "base/files.h"

namespace lepton_operator::cli {

using base::Result;

namespace {

void await_interrupt(boost::asio::signal_set& signals, const base::Context& context) {
  signals.async_wait([&signals, &context](const boost::system::error_code& error, int) {
    if (error) return;
    if (context.cancelled()) std::_Exit(static_cast<int>(ExitCode::kInterrupted));
    context.cancel();
    await_interrupt(signals, context);
  });
}

}  // namespace

std::string Session::command(const std::string& words) const {
  std::string text = "`kubectl lepton " + words;
  const auto add = [&text](const char* flag, const std::optional<std::string>& value) {
    if (value && !value->empty()) text += std::string(" ") + flag + " " + *value;
  };
  add("-n", globals_.namespace_);
  add("--context", globals_.context);
  if (globals_.kubeconfig) add("--kubeconfig", globals_.kubeconfig->string());
  add("--manifests", globals_.manifests.string());
  add("--state-dir", globals_.state_dir.string());
  return text + "`";
}

Found<invocation::Catalogue> Session::catalogue() const {
  if (!globals_.catalogue) {
    Result<invocation::Catalogue> built_in = invocation::Catalogue::parse(app::kEmbeddedCatalogue, "the built-in catalogue");
    if (!built_in) return could_not(built_in.error().text());
    return std::move(built_in).value();
  }
  const Result<std::string> text = base::read_file(*globals_.catalogue);
  if (!text) return wrong_usage("--catalogue: " + text.error().text());
  Result<invocation::Catalogue> parsed = invocation::Catalogue::parse(*text, globals_.catalogue->string());
  if (!parsed) return wrong_usage("--catalogue: " + parsed.error().text());
  return std::move(parsed).value();
}

Verdict Session::run(boost::asio::awaitable<Verdict> work) {
  boost::asio::signal_set signals(io_, SIGINT, SIGTERM);
  await_interrupt(signals, context_);
  Verdict verdict = ExitCode::kDone;
  boost::asio::co_spawn(io_, std::move(work), [this, &verdict](std::exception_ptr bug, Verdict ended) {
    if (bug) std::rethrow_exception(bug);  // out of io_.run(), to the process's end
    verdict = std::move(ended);
    io_.stop();  // what is left only waits for signals
  });
  io_.restart();
  io_.run();
  return verdict;
}

}  // namespace lepton_operator::cli
