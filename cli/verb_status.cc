// status [NAME]: what stands, once or as it changes.
#include <ostream>

#include <CLI/CLI.hpp>

#include "cli/backend_verb.h"
#include "cli/choice.h"
#include "cli/paragraph.h"
#include "cli/show.h"
#include "cli/terminal.h"
#include "cli/watch.h"

namespace lepton_operator::cli {

namespace {

std::string name_in(const Json& object) { return base::get_string(base::get_object(object, "metadata"), "name").value_or(""); }

// On a terminal the table is drawn again in its place; elsewhere each row that changed is a line, as of `kubectl get --watch`.
class StatusView final : public View {
 public:
  StatusView(Session& session, std::string name, Format format)
      : session_(session), name_(std::move(name)), format_(format), screen_(session.out()) {}

  bool changed(const std::vector<Json>& objects) override {
    const bool was_there = !objects_.empty();
    objects_ = objects;
    if (format_ == Format::kJson || format_ == Format::kYaml) {
      dump();
    } else if (session_.terminal().interactive) {
      redraw();
    } else {
      print_rows();
    }
    gone_ = !name_.empty() && was_there && objects_.empty();
    return gone_;
  }

  void trouble(const std::string& sentence) override {
    if (sentence == trouble_) return;
    trouble_ = sentence;
    if (session_.terminal().interactive && (format_ == Format::kTable || format_ == Format::kWide)) return redraw();
    if (!sentence.empty()) session_.err() << "kubectl-lepton: " << sentence << "\n";
  }

  void redraw() override {
    const Terminal terminal = session_.terminal();
    const base::Timestamp now = session_.clock().now();
    if (format_ != Format::kTable && format_ != Format::kWide) return;
    const bool one = !name_.empty() && objects_.size() == 1;
    std::vector<std::string> lines =
        lines_of(one ? report_of(objects_.front(), format_, now, terminal) : table_of(objects_, format_, now, terminal));
    if (!trouble_.empty()) lines.push_back(painted(terminal, Colour::kYellow, trouble_));
    if (lines.size() + 1 > terminal.rows) {
      const std::size_t kept = terminal.rows > 3 ? terminal.rows - 2 : 1;
      const std::size_t more = lines.size() - kept;
      lines.resize(kept);
      lines.push_back("… " + std::to_string(more) + " more lines");
    }
    screen_.draw(terminal, lines);
  }

  bool gone() const { return gone_; }
  void leave() { screen_.leave(); }

 private:
  void dump() {
    for (const Json& object : objects_) {
      const std::string text = dump_of(object, format_);
      if (told_[name_in(object)] == text) continue;
      told_[name_in(object)] = text;
      session_.out() << (format_ == Format::kYaml ? "---\n" : "") << text << std::flush;
    }
  }

  void print_rows() {
    std::vector<Json> fresh;
    for (const Json& object : objects_) {
      std::string print;
      for (const std::string& entry : row_of(object, format_, {}, Terminal{})) print += entry + "\n";
      std::string& known = told_[name_in(object)];
      if (known != print) fresh.push_back(object);
      known = print;
    }
    if (fresh.empty()) return;
    const std::string table = table_of(fresh, format_, session_.clock().now(), session_.terminal());
    session_.out() << (headed_ ? table.substr(table.find('\n') + 1) : table) << std::flush;
    headed_ = true;
  }

  Session& session_;
  std::string name_;
  Format format_;
  Screen screen_;
  std::vector<Json> objects_;
  std::map<std::string, std::string> told_;
  std::string trouble_;
  bool headed_ = false;
  bool gone_ = false;
};

class Status final : public BackendVerb {
 public:
  void declare(CLI::App& app) override {
    add_name(app, name_, "an Invocation; all of the namespace unless written");
    app.add_flag("-w,--watch", watch_, "go on showing it as it changes, until Ctrl-C; with NAME, until it is gone");
    app.add_option("-o,--output", format_, "table, wide, json or yaml (table)")
        ->option_text("FORMAT")
        ->transform(CLI::Validator(
            one_of<Format>({{"table", Format::kTable}, {"wide", Format::kWide}, {"json", Format::kJson}, {"yaml", Format::kYaml}}), "",
            ""));
  }

 private:
  boost::asio::awaitable<Verdict> act(Session& session, Backend& backend) override {
    const std::string name = bare_name(name_);
    const ObjectKey key{backend.namespace_(), name};
    std::vector<Json> objects;
    if (name.empty()) {
      Result<std::vector<Json>> all = co_await backend.invocations(session.context());
      if (!all) co_return trouble_of(all.error(), backend);
      objects = std::move(all).value();
    } else {
      Result<Json> one = co_await backend.invocation(session.context(), key);
      if (!one) co_return trouble_of(one.error(), backend);
      objects.push_back(std::move(one).value());
    }
    if (!watch_) co_return show(session, backend, objects);
    StatusView view(session, name, format_);
    const Result<> ended = co_await watch(session, backend, session.context(), key, view);
    view.leave();
    if (!ended) co_return trouble_of(ended.error(), backend);
    if (view.gone()) session.err() << name << " is gone\n";
    co_return ExitCode::kDone;
  }

  Verdict show(Session& session, const Backend& backend, const std::vector<Json>& objects) const {
    const base::Timestamp now = session.clock().now();
    const bool one = !name_.empty();
    if (format_ == Format::kJson || format_ == Format::kYaml) {
      session.out() << dump_of(one ? objects.front() : list_of(objects), format_);
    } else if (one) {
      session.out() << report_of(objects.front(), format_, now, session.terminal());
    } else if (objects.empty()) {
      session.err() << "No Invocations in namespace " << backend.namespace_() << ".\n";
    } else {
      session.out() << table_of(objects, format_, now, session.terminal());
    }
    return ExitCode::kDone;
  }

  std::string name_;
  bool watch_ = false;
  Format format_ = Format::kTable;
};

}  // namespace

const Manual kStatusManual = {
    .summary = "show Invocations, their tasks, and what stands in their way",
    .synopsis = "[NAME] [--watch] [-o table|wide|json|yaml]",
    .description =
        "Without NAME, a line for each Invocation of the namespace, as `kubectl get inv` shows them. With NAME, that one with its tasks "
        "(phase, endpoint, job, time) and the conditions that say why it does not go on, or how it ended.\n\n"
        "With --watch on a terminal, the same is drawn again in its place as it changes; elsewhere each change is a line. It goes on when "
        "the "
        "API server is away for a while, and says so.\n\n"
        "json and yaml show the object itself; of several, a List. With --watch they are one document for each change.",
    .examples =
        "All of a namespace, with their workspaces and messages:\n  kubectl lepton status -n team -o wide\n\n"
        "One of them, until Ctrl-C:\n  kubectl lepton status llama-3-1-8b-nim --watch\n\n"
        "How a script sees the result of each task:\n"
        "  kubectl lepton status llama-3-1-8b-nim -o json |\n"
        "    jq '.status.tasks[] | {name, phase}'",
    .exit_codes = "",
};

std::unique_ptr<Verb> make_status() { return std::make_unique<Status>(); }

}  // namespace lepton_operator::cli
