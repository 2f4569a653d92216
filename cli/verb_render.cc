// render -f FILE [OVERRIDE...]: what would be sent to Lepton.
#include <ostream>

#include <CLI/CLI.hpp>

#include "cli/choice.h"
#include "cli/manifest_flags.h"
#include "cli/render.h"
#include "cli/verb.h"

namespace lepton_operator::cli {

namespace {

class Render final : public Verb {
 public:
  void declare(CLI::App& app) override {
    manifests_.declare(app);
    app.add_option("--uid", options_.uid, "uid of the Invocation, where it is known: names are made of it")->option_text("UID");
    app.add_option("--install-id", options_.install_id, "install id of the operator that runs it")->option_text("ID");
    app.add_option("--api-family", family_, "which of Lepton's routes serve endpoints there (deployments)")
        ->option_text("deployments|endpoints")
        ->check(CLI::Validator(one_of({"deployments", "endpoints"}), "", ""));
    app.add_option("--output", output_, "yaml, or json for programs (yaml)")
        ->option_text("yaml|json")
        ->check(CLI::Validator(one_of({"yaml", "json"}), "", ""));
  }

  boost::asio::awaitable<Verdict> run(Session& session) override {
    Verdict verdict = show(session);
    co_return verdict;
  }

 private:
  Verdict show(Session& session) {
    const ManifestInput input = manifests_.input(session, session.globals().namespace_.value_or("default"));
    const auto documents = read_manifests(input, session);
    if (const auto* trouble = std::get_if<Trouble>(&documents)) return *trouble;
    const auto catalogue = session.catalogue();
    if (const auto* trouble = std::get_if<Trouble>(&catalogue)) return *trouble;
    options_.family = lepton::parse_api_family(family_).value_or(lepton::ApiFamily::kDeployments);
    const auto rendered = render(std::get<0>(documents), std::get<0>(catalogue), options_);
    if (const auto* trouble = std::get_if<Trouble>(&rendered)) return *trouble;
    session.out() << (output_ == "json" ? as_json(std::get<0>(rendered)) : as_yaml(std::get<0>(rendered)));
    return ExitCode::kDone;
  }

  ManifestFlags manifests_;
  RenderOptions options_;
  std::string family_ = "deployments";
  std::string output_ = "yaml";
};

}  // namespace

const Manual kRenderManual = {
    .summary = "print what would be sent to Lepton, without sending anything",
    .synopsis = "-f FILE... [OVERRIDE...] [flags]",
    .description =
        "Prints each request by which the operator would make something in Lepton for the Invocations in the files, in their order: "
        "secrets, "
        "endpoints, jobs with their scripts. It is the operator's own planner and rendering that make them. Neither a cluster nor "
        "credentials are needed, and nothing is sent.\n\n"
        "A Workspace in the files gives its defaults to the Invocations that refer to it. What only the workspace or the cluster knows has "
        "a "
        "stand-in: <id of GROUP>, https://ENDPOINT.invalid. Names hold a hash of the object's uid: for an object that is there already, "
        "give its "
        "own manifest (kubectl get inv NAME -o yaml) or --uid.\n\n"
        "Secrets are shown as ***: tokens, values of variables whose names end in KEY, TOKEN, SECRET, PASSWORD or the like, and what "
        "stands "
        "behind such a name in a command or a run configuration.",
    .examples =
        "The scripts and bodies of an example, on another node group:\n"
        "  kubectl lepton render -f examples/nim.yaml deployment.nodeGroup=h200-eu\n\n"
        "The script of the last job:\n"
        "  kubectl lepton render -f nim.yaml --output json |\n"
        "    jq -r '.requests[-1].body.spec.container.command[2]'",
    .exit_codes = "",
};

std::unique_ptr<Verb> make_render() { return std::make_unique<Render>(); }

}  // namespace lepton_operator::cli
