// events NAME: what happened to an Invocation, in order.
#include <ostream>

#include <CLI/CLI.hpp>

#include "cli/backend_verb.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/terminal.h"

namespace lepton_operator::cli {

namespace {

class Events final : public BackendVerb {
 public:
  void declare(CLI::App& app) override { add_name(app, name_, "an Invocation")->required(); }

 private:
  boost::asio::awaitable<Verdict> act(Session& session, Backend& backend) override {
    const ObjectKey key{backend.namespace_(), bare_name(name_)};
    const Result<Json> object = co_await backend.invocation(session.context(), key);
    if (!object) co_return trouble_of(object.error(), backend);
    const Result<std::vector<EventLine>> events = co_await backend.events(session.context(), *object);
    if (!events) co_return trouble_of(events.error(), backend);
    show(session, *events, key);
    if (session.globals().directory_mode()) {
      session.err() << "A directory keeps no events: this is what the status remembers. The operator's log has them all.\n";
    }
    co_return ExitCode::kDone;
  }

  static void show(Session& session, const std::vector<EventLine>& events, const ObjectKey& key) {
    if (events.empty()) {
      session.err() << "No events of " << key.name
                    << (session.globals().directory_mode() ? ".\n" : ": a cluster keeps them for an hour.\n");
      return;
    }
    std::vector<Row> rows;
    for (const EventLine& event : events) {
      const std::string seen = age(event.at, session.clock().now()) + (event.count > 1 ? " (x" + std::to_string(event.count) + ")" : "");
      rows.push_back(
          {seen, event.warning ? painted(session.terminal(), Colour::kYellow, "Warning") : "Normal", event.reason, event.message});
    }
    session.out() << as_table({"LAST SEEN", "TYPE", "REASON", "MESSAGE"}, rows);
  }

  std::string name_;
};

}  // namespace

const Manual kEventsManual = {
    .summary = "tell what happened to an Invocation, the latest last",
    .synopsis = "NAME",
    .description =
        "In a cluster: its events, as `kubectl events --for inv/NAME` shows them; the API server keeps them for an hour unless it "
        "was told otherwise.\n\n"
        "Of a directory, which keeps no events: the times that its status remembers. The operator's log has a line for each "
        "transition.",
    .examples = "What happened so far:\n  kubectl lepton events llama-3-1-8b-nim",
    .exit_codes = "",
};

std::unique_ptr<Verb> make_events() { return std::make_unique<Events>(); }

}  // namespace lepton_operator::cli
