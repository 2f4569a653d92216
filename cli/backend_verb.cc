#include "cli/backend_verb.h"

#include <CLI/CLI.hpp>

#include "base/strings.h"

namespace lepton_operator::cli {

boost::asio::awaitable<Verdict> BackendVerb::run(Session& session) {
  if (std::optional<Trouble> wrong = check(session)) co_return *std::move(wrong);
  Found<std::unique_ptr<Backend>> opened = open_backend(session);
  if (auto* trouble = std::get_if<Trouble>(&opened)) co_return std::move(*trouble);
  const std::unique_ptr<Backend> backend = std::get<std::unique_ptr<Backend>>(std::move(opened));
  const Verdict verdict = co_await act(session, *backend);
  co_return verdict;
}

std::string bare_name(const std::string& name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string::npos) return name;
  const std::string kind = name.substr(0, slash);
  for (const char* ours : {"inv", "invocation", "invocations", "invocation.lepton.dev", "invocations.lepton.dev"}) {
    if (kind == ours) return name.substr(slash + 1);
  }
  return name;
}

CLI::Option* add_name(CLI::App& app, std::string& name, const char* description) {
  const auto check = [](std::string& given) {
    if (!bare_name(given).empty()) return std::string();
    return "\"" + base::clipped(given, 40) + "\" names nothing; is a variable of the shell not set?";
  };
  return app.add_option("NAME", name, description)->check(CLI::Validator(check, "", ""));
}

}  // namespace lepton_operator::cli
