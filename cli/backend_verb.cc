#include "cli/backend_verb.h"

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

}  // namespace lepton_operator::cli
