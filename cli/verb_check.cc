// workspace check [NAME]: what is wrong with a workspace, part by part, and what to do.
#include <algorithm>
#include <ostream>

#include <CLI/CLI.hpp>

#include "base/strings.h"
#include "cli/backend_verb.h"
#include "cli/check.h"
#include "cli/choice.h"
#include "cli/manifest_flags.h"
#include "cli/paragraph.h"
#include "cli/rehearsal.h"
#include "cli/terminal.h"
#include "cli/workspace_access.h"
#include "invocation/codec.h"
#include "invocation/defaults.h"

namespace lepton_operator::cli {

namespace {

using invocation::Invocation;
using reconcile::ResolvedWorkspace;
using store::Document;
using store::Kind;

bool is_over(const Invocation& object) { return object.meta.deleted || invocation::finished(object.status.phase); }

// A Workspace's own defaults, as if an Invocation used them all.
invocation::InvocationSpec bare_spec(const Json& resolved_defaults) {
  Json spec = base::json_object();
  spec["deployment"] = base::json_object();
  spec["deployment"]["type"] = Json::string("nim");
  return invocation::decode_invocation_spec(invocation::effective_spec(spec, resolved_defaults)).value;
}

Finding credentials_missing(const ObjectKey& workspace, const ResolvedWorkspace& resolved) {
  const std::string what = "Workspace " + workspace.text() + ": " + resolved.message;
  switch (resolved.state) {
    case invocation::WorkspaceState::kMissing:
    case invocation::WorkspaceState::kSecretMissing:
      return {Health::kFault, "credentials", what,
              "docs/security.md has the manifest; the key credentials holds what the dashboard shows: <workspace id>:<token>"};
    case invocation::WorkspaceState::kInvalid:
    case invocation::WorkspaceState::kUnknown:
    case invocation::WorkspaceState::kReady:
    case invocation::WorkspaceState::kUnauthorized:
    case invocation::WorkspaceState::kNotFound:
    case invocation::WorkspaceState::kUnreachable:
      return {Health::kFault, "credentials", what, "correct it; `lep login -c` takes the same text: <workspace id>:<token>"};
  }
  __builtin_unreachable();
}

class Check final : public BackendVerb {
 public:
  void declare(CLI::App& app) override {
    add_name(app, name_, "the Workspace (default)")->option_text("NAME");
    manifests_.declare_optional(app, "check what these Invocations need, in place of those that are there; may be given again");
    app.add_option("--output", output_, "text, or json for programs (text)")
        ->option_text("text|json")
        ->check(CLI::Validator(one_of({"text", "json"}), "", ""));
  }

 private:
  boost::asio::awaitable<Verdict> act(Session& session, Backend& backend) override {
    const Found<invocation::Catalogue> catalogue = session.catalogue();
    if (const auto* trouble = std::get_if<Trouble>(&catalogue)) co_return *trouble;
    const ObjectKey workspace{backend.namespace_(), name_};
    if (auto trouble = co_await find_invocations(session, backend, workspace)) co_return *trouble;
    const Result<ResolvedWorkspace> resolved = co_await resolve(session, backend, session.context(), workspace);
    if (!resolved) co_return trouble_of(resolved.error(), backend);
    const Wants wants = wants_of(workspace, *resolved);
    if (!resolved->credentials) {
      findings_.push_back(credentials_missing(workspace, *resolved));
    } else {
      const Found<LeptonAccess> access = access_with(session, *resolved->credentials);
      if (const auto* trouble = std::get_if<Trouble>(&access)) co_return *trouble;
      const Survey found = co_await survey(*std::get<0>(access).client, session.context(), wants);
      const std::string source = resolved->from_secret ? "the Secret that the Workspace names" : "the environment, or by lep login";
      const std::vector<Finding> judged = judge({*resolved->credentials, source, wants, found, session.clock().now()});
      findings_.insert(findings_.end(), judged.begin(), judged.end());
    }
    co_await check_keys(session, backend, wants);
    check_manifests(*resolved, std::get<0>(catalogue));
    if (session.interrupted()) co_return ExitCode::kInterrupted;  // what was not answered is no finding
    co_return tell(session, workspace);
  }

  // Those of the files; without, those that use the Workspace and have not ended.
  boost::asio::awaitable<std::optional<Trouble>> find_invocations(Session& session, Backend& backend, ObjectKey workspace) {
    if (manifests_.any()) {
      const ManifestInput input = manifests_.input(session, backend.namespace_());
      Found<std::vector<Document>> documents = read_manifests(input, session);
      if (const auto* trouble = std::get_if<Trouble>(&documents)) co_return *trouble;
      for (const Document& document : std::get<0>(documents)) add(document);
      co_return std::nullopt;
    }
    const Result<std::vector<Json>> objects = co_await backend.invocations(session.context());
    if (!objects) co_return trouble_of(objects.error(), backend);
    for (const Json& object : *objects) {
      Invocation decoded = invocation::decode_invocation(object);
      if (workspace_of(object) == workspace && !is_over(decoded)) invocations_.push_back(std::move(decoded));
    }
    co_return std::nullopt;
  }

  void add(const Document& document) {
    if (document.kind == Kind::kSecret) carried_.push_back(document);
    if (document.kind != Kind::kInvocation) return;
    Invocation object = invocation::decode_invocation(document.yaml.value);
    object.meta.key = document.key;
    invocations_.push_back(std::move(object));
  }

  Wants wants_of(const ObjectKey& workspace, const ResolvedWorkspace& resolved) const {
    Wants wants;
    const Json defaults = invocation::resolved_defaults(resolved.defaults);
    for (const Invocation& object : invocations_) {
      const Json effective = invocation::effective_spec(object.spec, defaults);
      wants.add(object.meta.key.namespace_, object.meta.key.text(), invocation::decode_invocation_spec(effective).value);
    }
    if (invocations_.empty()) wants.add(workspace.namespace_, "Workspace " + workspace.text() + " (defaults)", bare_spec(defaults));
    return wants;
  }

  boost::asio::awaitable<void> check_keys(Session& session, Backend& backend, Wants wants) {
    std::size_t missing = 0;
    for (const auto& [wanted, who] : wants.kubernetes_keys) {
      const auto& [namespace_, ref] = wanted;
      const ObjectKey key{namespace_, ref.name};
      if (carries(key, ref.key)) continue;
      const Result<std::map<std::string, std::string>> values = co_await backend.secret(session.context(), key);
      if (values && values->contains(ref.key)) continue;
      ++missing;
      const bool absent = !values && values.error().kind == base::ErrorKind::kNotFound;
      Finding finding{Health::kFault, "Kubernetes Secrets", who + ": Secret " + key.text() + " has no key " + ref.key, "add it"};
      if (absent)
        finding = {Health::kFault, finding.part, who + ": there is no Secret " + key.text() + " (key " + ref.key + ")", "create it"};
      if (!values && !absent) finding = {Health::kUnknown, finding.part, who + ": " + values.error().text(), "see that you may read it"};
      findings_.push_back(std::move(finding));
    }
    if (missing == 0 && !wants.kubernetes_keys.empty())
      findings_.push_back({Health::kGood, "Kubernetes Secrets", "all that are named are there"});
  }

  bool carries(const ObjectKey& key, const std::string& name) const {
    return std::any_of(carried_.begin(), carried_.end(),
                       [&](const Document& document) { return document.key == key && document.secret.contains(name); });
  }

  // What the operator would say of each without asking anybody: an unknown benchmark, a field that is missing in the end.
  void check_manifests(const ResolvedWorkspace& resolved, const invocation::Catalogue& catalogue) {
    for (Invocation object : invocations_) {
      if (object.meta.uid.empty()) object.meta.uid = kNoUid;
      const auto rehearsed = rehearse({object, resolved.defaults, catalogue, lepton::ApiFamily::kDeployments, "install-id"});
      const auto* trouble = std::get_if<Trouble>(&rehearsed);
      const std::string who = object.meta.key.text();
      if (trouble != nullptr) {
        findings_.push_back({Health::kFault, "manifests", who + ": " + trouble->sentence, "correct the manifest"});
      } else {
        findings_.push_back(
            {Health::kGood, "manifests", who + " makes " + std::to_string(std::get<0>(rehearsed).size()) + " things in Lepton"});
      }
    }
  }

  Verdict tell(Session& session, const ObjectKey& workspace) const {
    const auto faults = std::count_if(findings_.begin(), findings_.end(), [](const Finding& one) { return one.health == Health::kFault; });
    if (output_ == "json") {
      session.out() << as_json() << "\n";
    } else {
      for (const Finding& finding : findings_) session.out() << lines_of(session.terminal(), finding);
      session.out() << (faults == 0   ? "no fault found in Workspace "
                        : faults == 1 ? "1 fault in Workspace "
                                      : std::to_string(faults) + " faults in Workspace ")
                    << workspace.text() << "\n";
    }
    return faults == 0 ? ExitCode::kDone : ExitCode::kEndedBadly;
  }

  static std::string lines_of(const Terminal& terminal, const Finding& finding) {
    constexpr std::size_t kHealth = 9;
    constexpr std::size_t kPart = 20;
    const auto padded = [](std::string text, std::size_t width) { return text.append(width > text.size() ? width - text.size() : 1, ' '); };
    const auto behind = [&](const std::string& text) {
      return terminal.interactive ? filled(text, terminal.columns, kHealth + kPart, kHealth + kPart) : text + "\n";
    };
    std::string lines = painted(terminal, colour_of(finding.health), padded(to_string(finding.health), kHealth)) +
                        padded(finding.part, kPart) + behind(finding.what);
    if (!finding.remedy.empty()) lines += padded("", kHealth) + padded("  to do", kPart) + behind(finding.remedy);
    return lines;
  }

  static Colour colour_of(Health health) {
    switch (health) {
      case Health::kGood: return Colour::kGreen;
      case Health::kNote: return Colour::kYellow;
      case Health::kFault: return Colour::kRed;
      case Health::kUnknown: return Colour::kYellow;
    }
    __builtin_unreachable();
  }

  std::string as_json() const {
    Json list = base::json_array();
    for (const Finding& finding : findings_) {
      Json item = base::json_object();
      item["health"] = Json::string(to_string(finding.health));
      item["part"] = Json::string(finding.part);
      item["what"] = Json::string(finding.what);
      if (!finding.remedy.empty()) item["remedy"] = Json::string(finding.remedy);
      list[list.size()] = std::move(item);
    }
    Json answer = base::json_object();
    answer["findings"] = std::move(list);
    return base::to_text(answer);
  }

  std::string name_ = "default";
  ManifestFlags manifests_;
  std::string output_ = "text";
  std::vector<Invocation> invocations_;
  std::vector<Document> carried_;  // Secrets of the files
  std::vector<Finding> findings_;
};

}  // namespace

const Manual kWorkspaceCheckManual = {
    .summary = "find out what is wrong with a workspace",
    .synopsis = "[NAME] [-f FILE...] [flags]",
    .description =
        "Walks the list of what is usually wrong, and says for each part whether it is well, and else what to do: are there credentials, "
        "and "
        "does Lepton take them? Is it the workspace's ID rather than its name, the right URL? When does the token expire? Which API family "
        "is in use? Are the node groups, shapes, volumes, Lepton secrets and image pull secrets there that are referred to? Can storage be "
        "reached? Would the operator run the manifests?\n\n"
        "What is referred to is read off the Invocations that use the Workspace and have not ended, or those of -f; without any, off the "
        "Workspace's defaults. About ten requests are sent to Lepton; they only read.",
    .examples =
        "The Workspace default, with all that uses it:\n  kubectl lepton workspace check\n\n"
        "Would this run? Before it is applied:\n  kubectl lepton workspace check -f examples/nim.yaml",
    .exit_codes = "",
};

std::unique_ptr<Verb> make_workspace_check() { return std::make_unique<Check>(); }

}  // namespace lepton_operator::cli
