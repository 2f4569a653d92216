// suspend NAME and resume NAME: spec.suspend, true and false.
#include <ostream>

#include <CLI/CLI.hpp>

#include "cli/backend_verb.h"
#include "invocation/codec.h"

namespace lepton_operator::cli {

namespace {

class Suspend final : public BackendVerb {
 public:
  explicit Suspend(bool suspend) : suspend_(suspend) {}

  void declare(CLI::App& app) override { add_name(app, name_, "an Invocation")->required(); }

 private:
  boost::asio::awaitable<Verdict> act(Session& session, Backend& backend) override {
    const ObjectKey key{backend.namespace_(), bare_name(name_)};
    const Result<Json> object = co_await backend.invocation(session.context(), key);
    if (!object) co_return trouble_of(object.error(), backend);
    if (invocation::finished(invocation::decode_invocation(*object).status.phase)) {
      co_return could_not(key.text() + " has finished: there is nothing to " + (suspend_ ? "suspend" : "resume"),
                          session.command("retry " + key.name + " --task T") + " runs a task again");
    }
    const bool is_so = base::get_bool(base::get_object(*object, "spec"), "suspend").value_or(false) == suspend_;
    if (is_so && backend.declares_suspend(key, suspend_)) {
      session.out() << key.text() << (suspend_ ? " is suspended already\n" : " is not suspended\n");
      co_return ExitCode::kDone;
    }
    const Result<std::string> done = co_await backend.set_suspend(session.context(), key, suspend_);
    if (!done) co_return trouble_of(done.error(), backend);
    session.out() << *done << "\n";
    co_return ExitCode::kDone;
  }

  bool suspend_;
  std::string name_;
};

}  // namespace

const Manual kSuspendManual = {
    .summary = "stop what an Invocation runs and give its GPUs back",
    .synopsis = "NAME",
    .description =
        "Sets spec.suspend: running jobs are stopped, endpoints are released, finished tasks keep their results. `resume` goes on "
        "with the rest, in new attempts that do not count as retries.\n\n"
        "In a directory the field is set in the manifest, and nothing else of that file changes; where its layout does not allow "
        "that, this says what to write by hand.",
    .examples = "Give the GPUs back over the weekend:\n  kubectl lepton suspend llama-3-1-8b-nim",
    .exit_codes = "",
};

const Manual kResumeManual = {
    .summary = "go on with a suspended Invocation",
    .synopsis = "NAME",
    .description =
        "Unsets spec.suspend: endpoints are made again, and each task that had not finished gets a new attempt that does not count as "
        "a retry.\n\n"
        "In a directory the field is set in the manifest, as by `suspend`.",
    .examples = "On Monday:\n  kubectl lepton resume llama-3-1-8b-nim",
    .exit_codes = "",
};

std::unique_ptr<Verb> make_suspend() { return std::make_unique<Suspend>(true); }
std::unique_ptr<Verb> make_resume() { return std::make_unique<Suspend>(false); }

}  // namespace lepton_operator::cli
