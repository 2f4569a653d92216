#include "app/trial.h"

#include <map>
#include <utility>

#include "base/strings.h"
#include "kube/store.h"
#include "store/manifest.h"
#include "store/resources.h"

namespace lepton_operator::app {

using base::Context;
using base::Error;
using base::ErrorKind;
using base::Json;
using base::Result;
using boost::asio::awaitable;

namespace {

constexpr base::Milliseconds kTrialLook{500};

bool is_trial(const Json& object) { return kube::label_of(object, kTrialLabel) == kTrialValue; }

// What its status says, by the condition's type.
struct Condition {
  std::string status;
  std::string text;  // "False, NotFound: there is no Workspace ..."
};
using Conditions = std::map<std::string, Condition>;

Conditions conditions_of(const Json& object) {
  Conditions found;
  for (const Json& one : base::elements(base::find(base::get_object(object, "status"), "conditions"))) {
    const auto text = [&one](const char* member) { return base::get_string(one, member).value_or(""); };
    found[text("type")] = {text("status"), text("status") + ", " + text("reason") + ": " + text("message")};
  }
  return found;
}

class Run {
 public:
  Run(kube::Api& api, Trial trial, std::function<void(const std::string&)> say)
      : api_(api), trial_(std::move(trial)), say_(std::move(say)), name_{trial_.key.namespace_, trial_.key.name} {}

  static awaitable<Result<>> whole(Run* self, Context context) {
    const Context waiting = context.with_timeout(self->trial_.timeout);
    const Result<> created = co_await create(self, waiting);
    if (!created) co_return created;
    const Result<> came = co_await wait(self, waiting);
    // Whatever came, and although nobody may want us any more: what was made is removed.
    const Context deleting = Context(context.clock()).with_timeout(self->trial_.timeout);
    const Result<> gone = co_await remove(self, deleting);
    co_return came ? gone : came;
  }

 private:
  static awaitable<Result<>> create(Run* self, Context context) {
    Result<Json> created = co_await self->api_.create(context, store::invocations_resource(), self->name_.namespace_, self->trial_.object);
    if (!created && created.error().kind == ErrorKind::kConflict) {
      const Result<> gone = co_await remove_earlier(self, context);
      if (!gone) co_return gone;
      created = co_await self->api_.create(context, store::invocations_resource(), self->name_.namespace_, self->trial_.object);
    }
    if (!created) co_return created.error();
    self->say_("Invocation " + self->trial_.key.text() + " created");
    co_return base::Ok{};
  }

  static awaitable<Result<>> remove_earlier(Run* self, Context context) {
    const Result<Json> there = co_await self->api_.get(context, store::invocations_resource(), self->name_);
    if (there && !is_trial(*there)) {
      co_return Error{ErrorKind::kConflict,
                      "Invocation " + self->trial_.key.text() + " exists and is not a trial's: rename it, or give the trial another name"};
    }
    self->say_("an earlier trial left Invocation " + self->trial_.key.text() + "; it is removed first");
    const Result<> gone = co_await remove(self, context);
    co_return gone;
  }

  static awaitable<Result<>> wait(Run* self, Context context) {
    std::string last = "nothing: no operator has looked at it";
    std::string phase;
    while (!context.expired()) {
      const Result<Json> object = co_await self->api_.get(context, store::invocations_resource(), self->name_);
      if (!object && object.error().kind == ErrorKind::kNotFound) co_return Error{ErrorKind::kNotFound, "somebody deleted it"};
      if (!object && !context.expired()) last = object.error().text();
      if (object) {
        const Conditions conditions = conditions_of(*object);
        self->say_phase(*object, phase);
        const auto awaited = conditions.find(self->trial_.awaited.condition);
        if (awaited != conditions.end() && awaited->second.status == self->trial_.awaited.status) {
          self->say_(awaited->first + " is " + awaited->second.text);
          co_return base::Ok{};
        }
        const auto failed = conditions.find("Failed");
        if (failed != conditions.end() && failed->second.status == "True") {
          co_return base::invalid("Invocation " + self->trial_.key.text() + " failed: " + failed->second.text);
        }
        if (!conditions.empty()) last = shown(conditions);
      }
      co_await context.clock().sleep(context, kTrialLook);
    }
    if (context.cancelled()) co_return Error{ErrorKind::kCancelled, "interrupted"};
    co_return Error{ErrorKind::kTimeout, "Invocation " + self->trial_.key.text() + ": " + self->trial_.awaited.condition + "=" +
                                             self->trial_.awaited.status + " did not come within " +
                                             base::format_duration(self->trial_.timeout) + "; its status says " + last};
  }

  static awaitable<Result<>> remove(Run* self, Context context) {
    std::string last = "no answer";
    bool asked = false;
    while (!context.expired()) {
      Result<Json> answer = Error{};
      if (asked) {
        answer = co_await self->api_.get(context, store::invocations_resource(), self->name_);
      } else {
        answer = co_await self->api_.remove(context, store::invocations_resource(), self->name_);
      }
      if (!answer && answer.error().kind == ErrorKind::kNotFound) {
        self->say_("Invocation " + self->trial_.key.text() + " is gone");
        co_return base::Ok{};
      }
      asked = asked || answer.ok();
      if (answer && asked) last = shown(conditions_of(*answer));
      if (!answer && !context.expired()) last = answer.error().text();
      co_await context.clock().sleep(context, kTrialLook);
    }
    co_return Error{ErrorKind::kTimeout, "Invocation " + self->trial_.key.text() + " is still there " +
                                             base::format_duration(self->trial_.timeout) + " after its deletion: " + last};
  }

  static std::string shown(const Conditions& conditions) {
    std::vector<std::string> lines;
    for (const auto& [type, condition] : conditions) lines.push_back(type + "=" + condition.text);
    return base::join(lines, "; ");
  }

  void say_phase(const Json& object, std::string& before) const {
    const std::string phase = base::get_string(base::get_object(object, "status"), "phase").value_or("");
    if (phase.empty() || phase == before) return;
    before = phase;
    say_("Invocation " + trial_.key.text() + " is " + phase);
  }

  kube::Api& api_;
  const Trial trial_;
  const std::function<void(const std::string&)> say_;
  const kube::ObjectName name_;
};

}  // namespace

std::optional<Awaited> parse_awaited(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) return std::nullopt;
  Awaited awaited{text.substr(0, equals), text.substr(equals + 1)};
  if (awaited.status != "True" && awaited.status != "False" && awaited.status != "Unknown") return std::nullopt;
  return awaited;
}

Result<Trial> parse_trial(const std::string& source, const std::string& text) {
  const store::ManifestFile file = store::parse_manifest(source, source, text);
  if (!file.errors.empty()) return base::invalid(file.errors.front());
  if (file.documents.size() != 1 || file.documents.front().kind != store::Kind::kInvocation) {
    return base::invalid(source + ": must hold one object, an Invocation");
  }
  const store::Document& document = file.documents.front();
  if (!document.errors.empty()) return base::invalid(document.errors.front());
  if (!is_trial(document.yaml.value)) {
    return base::invalid(document.where("metadata") + ": metadata.labels: needs " + kTrialLabel + ": " + kTrialValue +
                         ", by which a later trial knows it for its own");
  }
  return Trial{.key = document.key, .object = document.yaml.value, .awaited = {}};
}

awaitable<Result<>> run_trial(Context context, kube::Api& api, Trial trial, std::function<void(const std::string&)> say) {
  Run run(api, std::move(trial), std::move(say));
  const Result<> ended = co_await Run::whole(&run, context);
  co_return ended;
}

}  // namespace lepton_operator::app
