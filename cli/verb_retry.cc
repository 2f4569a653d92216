// retry NAME --task T: raises the task's `run`, which runs it once more.
#include <algorithm>
#include <ostream>

#include <CLI/CLI.hpp>

#include "base/strings.h"
#include "cli/backend_verb.h"

namespace lepton_operator::cli {

namespace {

class Retry final : public BackendVerb {
 public:
  void declare(CLI::App& app) override {
    add_name(app, name_, "an Invocation")->required();
    app.add_option("--task", tasks_, "a task of it; may be repeated")->option_text("TASK")->required()->allow_extra_args(false);
  }

 private:
  boost::asio::awaitable<Verdict> act(Session& session, Backend& backend) override {
    const ObjectKey key{backend.namespace_(), bare_name(name_)};
    const Result<Json> object = co_await backend.invocation(session.context(), key);
    if (!object) co_return trouble_of(object.error(), backend);
    for (const std::string& task : tasks_) {
      if (find(*object, task) == nullptr) co_return no_such_task(key, *object, task);
    }
    for (const std::string& task : tasks_) {
      const std::int64_t run = base::get_int(*find(*object, task), "run").value_or(0) + 1;
      const Result<std::string> done = co_await backend.set_run(session.context(), key, task, run);
      if (!done) co_return trouble_of(done.error(), backend);
      session.out() << *done << "\n";
    }
    co_return ExitCode::kDone;
  }

  static std::span<const Json> tasks_of(const Json& object) {
    return base::elements(base::find(base::get_object(base::get_object(object, "spec"), "evaluation"), "tasks"));
  }

  static const Json* find(const Json& object, const std::string& task) {
    for (const Json& entry : tasks_of(object)) {
      if (base::get_string(entry, "name") == task) return &entry;
    }
    return nullptr;
  }

  static Trouble no_such_task(const ObjectKey& key, const Json& object, const std::string& task) {
    std::vector<std::string> names;
    for (const Json& entry : tasks_of(object)) names.push_back(base::get_string(entry, "name").value_or(""));
    const std::vector<std::string> near = base::nearest(task, names, 1);
    return could_not(key.text() + " has no task \"" + base::clipped(task, 80) + "\"",
                     near.empty() ? "it has: " + base::join(names, ", ") : "did you mean " + near.front() + "?");
  }

  std::string name_;
  std::vector<std::string> tasks_;
};

}  // namespace

const Manual kRetryManual = {
    .summary = "run a task of an Invocation once more",
    .synopsis = "NAME --task TASK [--task TASK]...",
    .description =
        "Raises the task's `run`: it gets a new attempt with an endpoint of its own, whether it succeeded or failed before, and the "
        "Invocation runs again. What earlier attempts left stays beside the new results, in attempt-N/.\n\n"
        "In a directory the field is set in the manifest, and nothing else of that file changes; where its layout does not allow "
        "that, this says what to write by hand.",
    .examples = "After a data set was mended:\n  kubectl lepton retry llama-3-1-8b-nim --task gpqa_diamond",
    .exit_codes = "",
};

std::unique_ptr<Verb> make_retry() { return std::make_unique<Retry>(); }

}  // namespace lepton_operator::cli
