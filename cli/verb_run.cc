// run -f FILE [OVERRIDE...]: applies manifests, and waits for how it ends.
#include <algorithm>
#include <ostream>
#include <set>

#include <CLI/CLI.hpp>

#include "base/strings.h"
#include "cli/backend.h"
#include "cli/choice.h"
#include "cli/manifest_flags.h"
#include "cli/run_view.h"
#include "cli/verb.h"
#include "store/manifest.h"

namespace lepton_operator::cli {

using store::Document;
using store::Kind;

namespace {

const std::vector<std::pair<std::string, DryRun>> kDryRuns = {
    {"none", DryRun::kNone}, {"client", DryRun::kClient}, {"server", DryRun::kServer}};

constexpr const char* kNoName = "must be at most 63 lower-case letters, digits, '-' and '.', and begin and end with a letter or digit";

// What an object refers to has to be there before it.
int rank(Kind kind) {
  switch (kind) {
    case Kind::kSecret: return 0;
    case Kind::kWorkspace: return 1;
    case Kind::kInvocation: return 2;
  }
  __builtin_unreachable();
}

std::string resource_of(const Document& document) {
  switch (document.kind) {
    case Kind::kSecret: return "secret/" + document.key.name;
    case Kind::kWorkspace: return "workspace.lepton.dev/" + document.key.name;
    case Kind::kInvocation: return "invocation.lepton.dev/" + document.key.name;
  }
  __builtin_unreachable();
}

const char* word_of(Applied::Outcome outcome) {
  switch (outcome) {
    case Applied::Outcome::kCreated: return "created";
    case Applied::Outcome::kConfigured: return "configured";
    case Applied::Outcome::kUnchanged: return "unchanged";
  }
  __builtin_unreachable();
}

std::string suffix_of(DryRun dry_run) {
  switch (dry_run) {
    case DryRun::kNone: return "";
    case DryRun::kClient: return " (dry run)";
    case DryRun::kServer: return " (server dry run)";
  }
  __builtin_unreachable();
}

std::int64_t generation_of(const Json& object) { return base::get_int(base::get_object(object, "metadata"), "generation").value_or(0); }

class Run final : public Verb {
 public:
  void declare(CLI::App& app) override {
    manifests_.declare(app);
    app.add_option("--name", name_, "run it under this name, whatever the manifest says")
        ->option_text("NAME")
        ->check(CLI::Validator([](std::string& name) { return store::valid_name(name) ? "" : kNoName; }, "", ""));
    app.add_flag("--wait", wait_, "show how it goes, and return when it is over");
    app.add_option("--timeout", timeout_, "with --wait: no longer than this, e.g. 2h")->option_text("TIME");
    app.add_option("--dry-run", dry_run_, "client: check and send nothing; server: let the server check, too")
        ->option_text("client|server")
        ->transform(CLI::Validator(one_of(kDryRuns), "", ""));
    app.add_flag("--force-conflicts", force_, "take over fields that somebody else applied");
  }

  boost::asio::awaitable<Verdict> run(Session& session) override {
    if (auto wrong = check()) co_return *std::move(wrong);
    std::unique_ptr<Backend> backend;
    if (dry_run_ != DryRun::kClient || session.globals().directory_mode()) {
      Found<std::unique_ptr<Backend>> opened = open_backend(session);
      if (auto* trouble = std::get_if<Trouble>(&opened)) co_return std::move(*trouble);
      backend = std::get<std::unique_ptr<Backend>>(std::move(opened));
    }
    const Found<Documents> read = read_all(session, backend.get());
    if (const auto* trouble = std::get_if<Trouble>(&read)) co_return *trouble;
    const Documents documents = std::get<Documents>(read);
    if (!backend) {
      for (const Document& document : documents) session.out() << resource_of(document) << " is valid (dry run)\n";
      co_return ExitCode::kDone;
    }
    Generations generations;
    for (const Document& document : documents) {
      const Verdict applied = co_await apply(this, session, *backend, document, &generations);
      if (std::holds_alternative<Trouble>(applied)) co_return applied;
    }
    if (!wait_ || dry_run_ != DryRun::kNone) co_return ExitCode::kDone;
    const Verdict ended = co_await wait(this, session, *backend, generations);
    co_return ended;
  }

 private:
  using Documents = std::vector<Document>;
  using Generations = std::map<ObjectKey, std::int64_t>;  // of Invocations: what is waited for

  std::optional<Trouble> check() const {
    if (!timeout_.empty()) {
      if (!wait_) return wrong_usage("--timeout: is for --wait");
      if (!base::parse_duration(timeout_))
        return wrong_usage("--timeout: \"" + base::clipped(timeout_, 40) + "\" is no duration", "e.g. 90s, 20m, 2h");
    }
    if (wait_ && dry_run_ != DryRun::kNone) return wrong_usage("--wait: there is nothing to wait for in a dry run");
    return std::nullopt;
  }

  Found<Documents> read_all(Session& session, const Backend* backend) const {
    const std::string space = backend == nullptr ? session.globals().namespace_.value_or("default") : backend->namespace_();
    ManifestInput input = manifests_.input(session, space);
    if (!name_.empty()) input.overrides.push_back("metadata.name='" + name_ + "'");  // text, whatever it looks like
    Found<Documents> read = read_manifests(input, session);
    auto* documents = std::get_if<Documents>(&read);
    if (documents == nullptr) return read;
    std::stable_sort(documents->begin(), documents->end(),
                     [](const Document& a, const Document& b) { return rank(a.kind) < rank(b.kind); });
    if (auto trouble = check_waiting(*documents)) return *std::move(trouble);
    return read;
  }

  std::optional<Trouble> check_waiting(const Documents& documents) const {
    if (!wait_) return std::nullopt;
    std::set<std::string> spaces;
    for (const Document& document : documents) {
      if (document.kind == Kind::kInvocation) spaces.insert(document.key.namespace_);
    }
    if (spaces.empty()) return wrong_usage("--wait: there is no Invocation in the files to wait for");
    if (spaces.size() > 1)
      return wrong_usage("--wait: the Invocations are of several namespaces", "run them one namespace after the other");
    return std::nullopt;
  }

  // What an exported object carries of the server's own is not for us to say.
  static Json manifest_of(const Document& document) {
    Json manifest = document.yaml.value;
    for (const char* field : {"uid", "generation", "creationTimestamp", "resourceVersion", "managedFields", "selfLink", "deletionTimestamp",
                              "deletionGracePeriodSeconds", "finalizers"}) {
      if (manifest["metadata"].has_field(field)) manifest["metadata"].erase(field);
    }
    if (manifest.has_field("status")) manifest.erase("status");
    return manifest;
  }

  static boost::asio::awaitable<Verdict> apply(const Run* self, Session& session, Backend& backend, Document document,
                                               Generations* generations) {
    const Json manifest = manifest_of(document);
    std::int64_t awaited = 1;
    if (document.kind == Kind::kInvocation && session.globals().directory_mode()) {
      const Result<Json> before = co_await backend.invocation(session.context(), document.key);
      if (before) awaited = generation_of(*before) + (same_spec(*before, manifest) ? 0 : 1);
    }
    const ApplyOptions options{.dry_run = self->dry_run_, .force = self->force_};
    const Result<Applied> applied = co_await backend.apply(session.context(), manifest, options);
    if (!applied) co_return self->refused(document, applied.error(), backend);
    session.out() << resource_of(document) << " " << word_of(applied->outcome);
    if (!applied->where.empty()) session.out() << " in " << applied->where;
    session.out() << suffix_of(self->dry_run_) << std::endl;
    if (document.kind == Kind::kInvocation) {
      (*generations)[document.key] = session.globals().directory_mode() ? awaited : generation_of(applied->object);
    }
    co_return ExitCode::kDone;
  }

  static bool same_spec(const Json& one, const Json& other) {
    return base::to_text(base::get_object(one, "spec")) == base::to_text(base::get_object(other, "spec"));
  }

  Trouble refused(const Document& document, const base::Error& error, const Backend& backend) const {
    Trouble trouble = trouble_of(error, backend);
    trouble.sentence = resource_of(document) + ": " + trouble.sentence;
    if (error.kind == base::ErrorKind::kConflict && error.text().find("conflict with") != std::string::npos) {
      trouble.hint = "--force-conflicts takes these fields over";
    }
    if (error.text().find("cannot change any more") != std::string::npos) {
      trouble.hint =
          "--name runs it as another Invocation beside this one; `kubectl lepton delete " + document.key.name + "` makes room for it";
    }
    return trouble;
  }

  static boost::asio::awaitable<Verdict> wait(const Run* self, Session& session, Backend& backend, Generations generations) {
    RunView view(session, generations);
    ObjectKey followed = generations.begin()->first;
    if (generations.size() > 1) followed.name.clear();
    Context context = session.context().child();
    if (const auto timeout = base::parse_duration(self->timeout_)) context = context.with_timeout(*timeout);
    const Result<> ended = co_await watch(session, backend, context, followed, view);
    view.leave();
    if (!ended) co_return trouble_of(ended.error(), backend);
    const std::vector<std::string> waiting = view.waiting();
    if (!waiting.empty() && session.interrupted()) co_return left_alone(session, backend, waiting);
    const std::string names = base::join(waiting, ", ");
    if (!waiting.empty() && !session.out().good()) {
      co_return nobody_reads(session, names + " goes on in " + backend.place(), waiting.front());
    }
    view.summarise();
    if (!waiting.empty()) {
      co_return Trouble{ExitCode::kEndedBadly, names + " is not over after " + self->timeout_ + ", and goes on in " + backend.place(),
                        session.command("status " + waiting.front() + " --watch") + " looks again"};
    }
    co_return view.code();
  }

  static Verdict left_alone(Session& session, const Backend& backend, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      session.err() << name << " goes on in " << backend.place() << ".\n"
                    << "  look again:  " << session.command("status " + name + " --watch") << "\n"
                    << "  end it:      " << session.command("delete " + name) << "\n";
    }
    return ExitCode::kInterrupted;
  }

  ManifestFlags manifests_;
  std::string name_;
  std::string timeout_;
  DryRun dry_run_ = DryRun::kNone;
  bool wait_ = false;
  bool force_ = false;
};

}  // namespace

const Manual kRunManual = {
    .summary = "apply manifests with overrides, and wait for how it ends",
    .synopsis = "-f FILE... [OVERRIDE...] [--wait] [flags]",
    .description =
        "Applies the Invocations in the files, and the Workspaces and Secrets that stand beside them, after the overrides were laid over "
        "each Invocation. In a cluster that is a server-side apply by the field manager kubectl-lepton. In a directory each object becomes "
        "a file of its own there; a file that somebody else wrote is left alone.\n\n"
        "An override is field=value in Hydra's grammar, as the launcher takes it; `spec.` may be left out: target.url=https://…, "
        "evaluation.tasks.gpqa_diamond.config.params.temperature=0.6, +a.b=… adds, ~a.b removes, [a,b] is a list. docs/cli.md has the "
        "grammar.\n\n"
        "With --wait on a terminal there is a bar for each task, which moves from stage to stage (endpoint made, ready, job started, "
        "running, over); elsewhere each transition is a line. Ctrl-C ends the waiting and not the Invocation.",
    .examples =
        "Run it and wait:\n  kubectl lepton run -f nim.yaml --wait\n\n"
        "The same with another image, as another Invocation:\n"
        "  kubectl lepton run -f nim.yaml --name nim-1-9 \\\n    deployment.image=nvcr.io/nim/meta/llama-3.1-8b-instruct:1.9.0\n\n"
        "Against an endpoint that is there already:\n"
        "  kubectl lepton run -f existing-endpoint.yaml \\\n    target.url=https://models.example/v1\n\n"
        "Would the cluster take it?\n  kubectl lepton run -f nim.yaml --dry-run=server",
    .exit_codes =
        "  0    applied; with --wait: every Invocation succeeded\n"
        "  1    with --wait: one failed, was deleted, or was not over in time\n"
        "  2    a flag, an override or a manifest is wrong; nothing was sent\n"
        "  3    the cluster or the directory refused or could not be asked\n"
        "  130  interrupted while waiting; the Invocation goes on",
};

std::unique_ptr<Verb> make_run() { return std::make_unique<Run>(); }

}  // namespace lepton_operator::cli
