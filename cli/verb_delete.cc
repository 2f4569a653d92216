// delete NAME: takes an Invocation away, with all that it has in Lepton.
#include <ostream>

#include <CLI/CLI.hpp>

#include "cli/backend_verb.h"
#include "cli/show.h"
#include "cli/terminal.h"
#include "cli/watch.h"
#include "invocation/codec.h"

namespace lepton_operator::cli {

namespace {

// Tells what is still there until nothing is.
class GoingView final : public View {
 public:
  explicit GoingView(Session& session) : session_(session), screen_(session.out()) {}

  bool changed(const std::vector<Json>& objects) override {
    gone_ = objects.empty();
    if (gone_) return true;
    const auto object = invocation::decode_invocation(objects.front());
    const auto* cleaning = invocation::find_condition(object.status.conditions, "CleanedUp");
    std::string sentence = cleaning != nullptr && !cleaning->message.empty() ? cleaning->message : std::string("waiting for the operator");
    if (sentence == said_) return false;
    said_ = std::move(sentence);
    if (session_.terminal().interactive) {
      redraw();
    } else {
      session_.out() << said_ << std::endl;
    }
    return false;
  }
  void trouble(const std::string& sentence) override {
    if (sentence == trouble_) return;
    trouble_ = sentence;
    if (session_.terminal().interactive) return redraw();
    if (!sentence.empty()) session_.err() << "kubectl-lepton: " << sentence << "\n";
  }
  void redraw() override {
    const Terminal terminal = session_.terminal();
    std::vector<std::string> lines = {age(begun_, session_.clock().now()) + "  " + said_};
    if (!trouble_.empty()) lines.push_back(painted(terminal, Colour::kYellow, trouble_));
    screen_.draw(terminal, lines);
  }
  void leave() { screen_.leave(); }
  bool gone() const { return gone_; }

 private:
  Session& session_;
  Screen screen_;
  const base::Timestamp begun_ = session_.clock().now();
  std::string said_;
  std::string trouble_;
  bool gone_ = false;
};

class Delete final : public BackendVerb {
 public:
  void declare(CLI::App& app) override {
    add_name(app, name_, "an Invocation")->required();
    app.add_flag("--wait", wait_, "return when nothing of it is left in Lepton");
  }

 private:
  boost::asio::awaitable<Verdict> act(Session& session, Backend& backend) override {
    const std::string name = bare_name(name_);
    const ObjectKey key{backend.namespace_(), name};
    const Result<std::string> removed = co_await backend.remove(session.context(), key);
    if (!removed) co_return trouble_of(removed.error(), backend);
    session.out() << *removed << std::endl;
    if (!wait_) co_return ExitCode::kDone;
    GoingView view(session);
    const Result<> ended = co_await watch(session, backend, session.context(), key, view);
    view.leave();
    if (!ended) co_return trouble_of(ended.error(), backend);
    if (!view.gone() && session.interrupted()) {
      session.err() << key.text() << " goes on being deleted; " << session.command("status " + name) << " tells how far it is\n";
      co_return ExitCode::kInterrupted;
    }
    if (!view.gone()) co_return nobody_reads(session, key.text() + " goes on being deleted in " + backend.place(), name);
    session.out() << key.text() << " is gone, and nothing of it is left in Lepton\n";
    co_return ExitCode::kDone;
  }

  std::string name_;
  bool wait_ = false;
};

}  // namespace

const Manual kDeleteManual = {
    .summary = "delete an Invocation and all that it has in Lepton",
    .synopsis = "NAME [--wait]",
    .description =
        "Jobs and endpoints go at once, then secrets, then the directory of its results (unless storage.deletionPolicy is Retain); "
        "the object itself goes when all of that was verified. With --wait this returns only then, and tells on the way what is "
        "still there.\n\n"
        "In a directory the manifest is removed; where its file declares other things too, its document is taken out of it and the "
        "rest stays as it is.",
    .examples = "Delete, and know that the GPUs are free:\n  kubectl lepton delete llama-3-1-8b-nim --wait",
    .exit_codes = "",
};

std::unique_ptr<Verb> make_delete() { return std::make_unique<Delete>(); }

}  // namespace lepton_operator::cli
