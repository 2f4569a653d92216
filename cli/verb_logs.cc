// logs NAME: what the jobs of an Invocation wrote, or its endpoints.
#include <algorithm>
#include <charconv>
#include <ostream>

#include <CLI/CLI.hpp>

#include "base/async.h"
#include "base/strings.h"
#include "base/time.h"
#include "cli/backend_verb.h"
#include "cli/log_reader.h"
#include "cli/terminal.h"
#include "cli/workspace_access.h"
#include "invocation/codec.h"

namespace lepton_operator::cli {

using invocation::Invocation;
using invocation::TaskStatus;

namespace {

constexpr base::Milliseconds kUntilThere{300};
constexpr std::int64_t kAll = -1;

const TaskStatus* find_task(const Invocation& object, const std::string& name) {
  for (const TaskStatus& task : object.status.tasks) {
    if (task.name == name) return &task;
  }
  return nullptr;
}

std::string not_a_number(std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool good = error == std::errc{} && end == text.data() + text.size() && value >= kAll;
  return good ? "" : "\"" + base::clipped(text, 40) + "\" is no whole number, nor -1 for all";
}

class Logs final : public BackendVerb {
 public:
  void declare(CLI::App& app) override {
    add_name(app, name_, "an Invocation")->required();
    app.add_option("--task", tasks_, "of this task alone; may be repeated (all tasks)")->option_text("TASK")->allow_extra_args(false);
    app.add_flag("-f,--follow", follow_, "go on with what is written, until the job ends");
    app.add_flag("--endpoint", endpoint_, "the log of the task's endpoint in place of its job's");
    app.add_option("--replica", replica_, "of this replica alone: its name, or the end of it (all replicas)")->option_text("REPLICA");
    app.add_option("--tail", tail_, "of what is there already, only the last N lines of each log (-1: all)")
        ->option_text("N")
        ->check(CLI::Validator(not_a_number, "", ""));
    app.add_option("--since", since_, "of what Lepton has collected, only what is no older than this, e.g. 10m; not with --follow")
        ->option_text("TIME");
  }

 private:
  struct Source {
    lepton::Workload workload;
    base::Timestamp begun{};
  };
  struct Label {
    std::string task;
    std::string shown;
    Colour colour = Colour::kNone;
  };

  boost::asio::awaitable<Verdict> act(Session& session, Backend& backend) override {
    const Context& context = session.context();
    if (auto wrong = check_since()) co_return *std::move(wrong);
    const ObjectKey key{backend.namespace_(), bare_name(name_)};
    const Result<Json> found = co_await backend.invocation(context, key);
    if (!found) co_return trouble_of(found.error(), backend);
    const Invocation object = invocation::decode_invocation(*found);
    Found<std::vector<std::string>> chosen = choose(session, object, *found);
    if (auto* trouble = std::get_if<Trouble>(&chosen)) co_return std::move(*trouble);
    const std::vector<std::string> tasks = std::get<std::vector<std::string>>(std::move(chosen));
    Found<LeptonAccess> access = co_await lepton_of(session, backend, context, workspace_of(*found));
    if (auto* trouble = std::get_if<Trouble>(&access)) co_return std::move(*trouble);
    lepton::Client& client = *std::get<LeptonAccess>(access).client;

    const std::vector<Label> labels = labels_of(tasks);
    base::TaskGroup group(session.io());
    std::vector<Verdict> verdicts(tasks.size(), ExitCode::kDone);
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      group.spawn(show(this, &session, &backend, &client, key, labels[i], &verdicts[i]));
      if (!follow_) co_await group.join();  // one after the other, so that they can be read
    }
    co_await group.join();
    if (session.interrupted()) co_return ExitCode::kInterrupted;
    for (const Verdict& verdict : verdicts) {
      if (std::holds_alternative<Trouble>(verdict)) co_return verdict;
    }
    co_return ExitCode::kDone;
  }

  std::optional<Trouble> check_since() const {
    if (since_.empty()) return std::nullopt;
    if (!base::parse_duration(since_))
      return wrong_usage("--since: \"" + base::clipped(since_, 40) + "\" is no duration", "e.g. 90s, 20m, 2h");
    if (follow_) return wrong_usage("--since: not with --follow, since Lepton's stream has no times", "--tail N goes with it");
    return std::nullopt;
  }

  // The tasks that were asked for, or all.
  Found<std::vector<std::string>> choose(const Session& session, const Invocation& object, const Json& json) const {
    std::vector<std::string> known;
    const Json& evaluation = base::get_object(base::get_object(json, "spec"), "evaluation");
    for (const Json& task : base::elements(base::find(evaluation, "tasks"))) known.push_back(base::get_string(task, "name").value_or(""));
    for (const std::string& task : tasks_) {
      if (std::find(known.begin(), known.end(), task) != known.end()) continue;
      const std::vector<std::string> near = base::nearest(task, known, 1);
      return could_not(object.meta.key.text() + " has no task \"" + base::clipped(task, 80) + "\"",
                       near.empty() ? "it has: " + base::join(known, ", ") : "did you mean " + near.front() + "?");
    }
    const std::string type = base::get_string(base::get_object(base::get_object(json, "spec"), "deployment"), "type").value_or("");
    if (endpoint_ && type == "none") {
      return could_not(object.meta.key.text() + " has no endpoints of its own: its deployment.type is none",
                       session.command("logs " + object.meta.key.name) + " shows what its jobs write");
    }
    std::vector<std::string> tasks = tasks_.empty() ? std::move(known) : tasks_;
    if (!replica_.empty() && tasks.size() > 1)
      return wrong_usage("--replica: is of one task, and these are " + base::join(tasks, ", "), "name it with --task");
    return tasks;
  }

  // What stands before each line of a task: nothing where it is alone.
  static std::vector<Label> labels_of(const std::vector<std::string>& tasks) {
    std::size_t widest = 0;
    for (const std::string& task : tasks) widest = std::max(widest, task.size());
    const Colour colours[] = {Colour::kBlue, Colour::kYellow, Colour::kGreen};
    std::vector<Label> labels;
    for (const std::string& task : tasks) {
      const std::string shown = tasks.size() < 2 ? "" : task + std::string(widest - task.size(), ' ');
      labels.push_back({task, shown, colours[labels.size() % 3]});
    }
    return labels;
  }

  static std::string prefix_of(const Terminal& terminal, const Label& label, const std::string& replica) {
    if (label.shown.empty() && replica.empty()) return "";
    const std::string space = label.shown.empty() || replica.empty() ? "" : " ";
    return painted(terminal, label.colour, label.shown + space + replica + " | ");
  }

  std::optional<Source> source_of(const Invocation& object, const std::string& task) const {
    const TaskStatus* status = find_task(object, task);
    if (status == nullptr) return std::nullopt;
    Source source;
    source.begun = object.status.start_time.value_or(object.meta.created.value_or(base::Timestamp{}));
    if (endpoint_) {
      if (status->endpoint.name.empty()) return std::nullopt;
      source.workload = {lepton::Workload::Kind::kEndpoint, status->endpoint.name, status->endpoint.family};
    } else {
      if (status->job.id.empty()) return std::nullopt;
      source.workload = {lepton::Workload::Kind::kJob, status->job.id};
    }
    return source;
  }

  // It can come no more.
  static bool too_late(const Invocation& object, const std::string& task) {
    const TaskStatus* status = find_task(object, task);
    return object.meta.deleted || finished(object.status.phase) || (status != nullptr && finished(status->phase));
  }

  static LogParts parts_of(Session& session, lepton::Client& client, const Label& label, std::size_t* shown) {
    return {.client = client,
            .clock = session.clock(),
            .io = session.io(),
            .line =
                [&session, label, shown](const std::string& replica, const std::string& line) {
                  ++*shown;
                  session.out() << prefix_of(session.terminal(), label, replica) << line << std::endl;
                  if (!session.out().good()) session.context().cancel();  // whoever read them is gone: `... | head`
                },
            .note = [&session, task = label.task](const std::string& sentence) { session.err() << task << ": " << sentence << std::endl; }};
  }

  LogChoice log_choice() const {
    LogChoice choice{.replica = replica_};
    if (tail_ != kAll) choice.tail = static_cast<std::size_t>(tail_);
    if (const auto since = base::parse_duration(since_)) choice.since = *since;
    return choice;
  }

  static boost::asio::awaitable<void> show(const Logs* self, Session* session, Backend* backend, lepton::Client* client, ObjectKey key,
                                           Label label, Verdict* verdict) {
    const Context& context = session->context();
    const std::string& task = label.task;
    std::optional<Source> source;
    bool told = false;
    while (!source) {
      const Result<Json> json = co_await backend->invocation(context, key);
      if (context.expired()) co_return;
      if (!json) {
        *verdict = trouble_of(json.error(), *backend);
        co_return;
      }
      const Invocation object = invocation::decode_invocation(*json);
      source = self->source_of(object, task);
      if (source) break;
      const std::string what = self->endpoint_ ? " has no endpoint yet" : " has no job yet";
      if (!self->follow_ || too_late(object, task)) {
        session->err() << key.name << ": " << task << (too_late(object, task) ? " never wrote anything" : what) << std::endl;
        co_return;
      }
      if (!std::exchange(told, true)) session->err() << key.name << ": " << task << what << "; waiting for it" << std::endl;
      co_await session->clock().sleep(context, kUntilThere);
    }
    std::size_t shown = 0;
    LogReader reader(parts_of(*session, *client, label, &shown), source->workload, source->begun, self->log_choice());
    Result<> ended = base::Ok{};
    if (self->follow_) {
      ended = co_await reader.follow(context);
    } else {
      ended = co_await reader.read(context);
    }
    if (context.expired()) co_return;
    if (!ended) *verdict = could_not(ended.error().text(), hint_for(ended.error()));
    if (ended && shown == 0 && self->tail_ != 0) {
      session->err() << key.name << ": Lepton has no line of " << task << (self->endpoint_ ? "'s endpoint" : "'s job")
                     << (self->since_.empty() ? "" : " of the last " + self->since_) << std::endl;
    }
  }

  static std::string hint_for(const base::Error& error) {
    if (error.kind == base::ErrorKind::kNotFound) return "leave --replica out to see all of them";
    return "`kubectl lepton workspace check` tells whether Lepton can be asked";
  }

  std::string name_;
  std::vector<std::string> tasks_;
  bool follow_ = false;
  bool endpoint_ = false;
  std::string replica_;
  std::int64_t tail_ = kAll;
  std::string since_;
};

}  // namespace

const Manual kLogsManual = {
    .summary = "read what an Invocation's jobs, or its endpoints, write",
    .synopsis = "NAME [--task TASK]... [--follow] [--endpoint] [flags]",
    .description =
        "Shows the log of each task's job, from Lepton, with the credentials of the Invocation's Workspace: who asks needs the right to "
        "read "
        "the Secret that it names. Of several tasks each line begins with its task.\n\n"
        "With --follow it goes on as the job writes, waits for a job that is not there yet, opens a connection that Lepton dropped again "
        "without showing anything twice, and ends when the job does. Without, it shows what Lepton has collected, which may lag behind by "
        "some seconds.\n\n"
        "With --endpoint: what the model server of the task writes. Of several replicas each line begins with the end of its replica's "
        "name, which --replica takes to show that one alone; with --follow, replicas that come later are shown as well.\n\n"
        "--tail shows of what is there already only the last lines; a stream of Lepton's does not tell where that ends, so with --follow "
        "they come half a second later. --since shows of what Lepton has collected what is no older, by this machine's clock; a stream has "
        "no "
        "times, so it is not for --follow.\n\n"
        "Of a task that ran several times the latest job is shown. Lepton keeps a finished job for a week.",
    .examples =
        "Why did it fail?\n  kubectl lepton logs llama-3-1-8b-nim --task gpqa_diamond\n\n"
        "What was written in the last ten minutes?\n  kubectl lepton logs llama-3-1-8b-nim --since 10m\n\n"
        "All jobs at once, as they write:\n  kubectl lepton logs llama-3-1-8b-nim --follow\n\n"
        "What is the model server doing all this time?\n"
        "  kubectl lepton logs llama-3-1-8b-nim --task gpqa_diamond \\\n    --endpoint --tail 20 -f",
    .exit_codes = "",
};

std::unique_ptr<Verb> make_logs() { return std::make_unique<Logs>(); }

}  // namespace lepton_operator::cli
