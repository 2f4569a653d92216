#include "cli/backend.h"

#include <system_error>

namespace lepton_operator::cli {

namespace {

constexpr const char* kBoth = "a directory needs both: --manifests DIR --state-dir STATE, as its operator was started with";

std::optional<Trouble> check_directory(const Globals& globals) {
  if (globals.manifests.empty()) return wrong_usage("--manifests: is missing beside --state-dir", kBoth);
  if (globals.state_dir.empty()) return wrong_usage("--state-dir: is missing beside --manifests", kBoth);
  for (const auto& [flag, given] :
       {std::pair("--kubeconfig", globals.kubeconfig.has_value()), std::pair("--context", globals.context.has_value())}) {
    if (given) return wrong_usage(std::string(flag) + ": is for a cluster and cannot stand beside --manifests");
  }
  std::error_code error;
  for (const auto& [flag, path] : {std::pair("--manifests", globals.manifests), std::pair("--state-dir", globals.state_dir)}) {
    if (!std::filesystem::is_directory(path, error)) {
      return wrong_usage(std::string(flag) + ": " + path.string() + ": there is no such directory",
                         "name the directories that lepton-operator was started with");
    }
  }
  return std::nullopt;
}

std::string hint_for(base::ErrorKind kind, const Backend& backend) {
  using base::ErrorKind;
  switch (kind) {
    case ErrorKind::kNotFound:
      return "`kubectl lepton status` lists what there is in namespace " + backend.namespace_() + "; --namespace looks elsewhere";
    case ErrorKind::kConflict:
      if (backend.uses_own_credentials()) return "";  // of a directory the sentence says what to do
      return "somebody else changed it: look with `kubectl lepton status`, then try again";
    case ErrorKind::kUnauthorized: return "the cluster does not know who you are: `kubectl auth whoami` asks it the same";
    case ErrorKind::kForbidden: return "ask for the right to do this; `kubectl auth can-i --list` tells those you have";
    case ErrorKind::kThrottled:
    case ErrorKind::kServer: return "try again in a moment";
    case ErrorKind::kUnreachable:
    case ErrorKind::kInterrupted:
    case ErrorKind::kTimeout: return "is " + backend.place() + " up, and reachable from here?";
    case ErrorKind::kUnsupported: return "`kubectl get crd invocations.lepton.dev -o yaml` shows what is installed";
    case ErrorKind::kMalformed:
      if (backend.uses_own_credentials()) return "it may be the only record of what runs in Lepton: mend it, or ask its operator's log";
      return "what answered is not what was expected: check the address and any proxy before it";
    case ErrorKind::kInvalid:
    case ErrorKind::kCancelled: return "";
  }
  __builtin_unreachable();
}

}  // namespace

Found<std::unique_ptr<Backend>> open_backend(Session& session) {
  const Globals& globals = session.globals();
  if (!globals.directory_mode()) return make_cluster_backend(session);
  if (auto trouble = check_directory(globals)) return *std::move(trouble);
  return make_directory_backend(session);
}

Trouble trouble_of(const base::Error& error, const Backend& backend) {
  const ExitCode code = error.kind == base::ErrorKind::kInvalid ? ExitCode::kWrongUsage : ExitCode::kCouldNot;
  return {code, error.text(), hint_for(error.kind, backend)};
}

}  // namespace lepton_operator::cli
