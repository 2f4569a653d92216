// Each flag: its name, what --help says of it, and what makes a value of it wrong.
#include "app/flags_table.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "base/strings.h"

namespace lepton_operator::app {

namespace {

std::string quoted(const std::string& value) { return "\"" + base::clipped(value, 80) + "\""; }

std::optional<int> whole_number(const std::string& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Complaint set_path(std::filesystem::path& path, const std::string& value, const char* what) {
  if (value.empty()) return std::string("needs the path of ") + what;
  path = value;
  return std::nullopt;
}

Complaint set_path(std::optional<std::filesystem::path>& path, const std::string& value, const char* what) {
  return set_path(path.emplace(), value, what);
}

// host:port or [ipv6]:port. Strict, since the listener would take commas and suffixes for more ports and for TLS.
Complaint set_address(std::string& address, const std::string& value) {
  const std::string sentence = quoted(value) + " is not host:port, e.g. 127.0.0.1:8080 (port 0: any that is free)";
  const std::size_t colon = value.rfind(':');
  if (colon == std::string::npos || colon == 0) return sentence;
  std::string host = value.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto allowed = [bracketed](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || (bracketed && c == ':');
  };
  if (!std::all_of(host.begin(), host.end(), allowed)) return sentence;
  const std::optional<int> port = whole_number(value.substr(colon + 1));
  if (!port || *port < 0 || *port > 65'535) return sentence;
  address = value;
  return std::nullopt;
}

Complaint set_interval(base::Milliseconds& interval, const std::string& value) {
  const std::optional<base::Milliseconds> parsed = base::parse_duration(value);
  if (!parsed) return quoted(value) + " is not a duration, e.g. 2s or 500ms";
  if (*parsed < base::Milliseconds(100) || *parsed > std::chrono::hours(1)) return quoted(value) + " is not between 100ms and 1h";
  interval = *parsed;
  return std::nullopt;
}

Complaint set_workers(Options& options, const std::string& value) {
  const std::optional<int> workers = whole_number(value);
  if (!workers || *workers < 1 || *workers > 256) return quoted(value) + " is not a whole number from 1 to 256";
  options.workers = *workers;
  return std::nullopt;
}

// As Kubernetes takes them (RFC 1123).
bool is_namespace(const std::string& text) {
  const auto inner = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= 63 && std::all_of(text.begin(), text.end(), inner) && text.front() != '-' && text.back() != '-';
}

Complaint set_namespaces(Options& options, const std::string& value) {
  options.namespaces.clear();
  for (std::size_t from = 0; from <= value.size();) {
    const std::size_t end = std::min(value.find_first_of(",\n", from), value.size());
    const std::string name = value.substr(from, end - from);
    if (!is_namespace(name)) return quoted(name) + " is not the name of a namespace";
    if (std::find(options.namespaces.begin(), options.namespaces.end(), name) == options.namespaces.end())
      options.namespaces.push_back(name);
    from = end + 1;
  }
  return std::nullopt;
}

Complaint set_own_namespace(Options& options, const std::string& value) {
  if (!is_namespace(value)) return quoted(value) + " is not the name of a namespace";
  options.leader_election_namespace = value;
  return std::nullopt;
}

Complaint set_context(Options& options, const std::string& value) {
  if (value.empty()) return "needs the name of a context";
  options.context = value;
  return std::nullopt;
}

Complaint set_leader_elect(Options& options, const std::string& value) {
  if (value != "true" && value != "false") return quoted(value) + " is not one of true, false";
  options.leader_elect = value == "true";
  return std::nullopt;
}

Complaint set_orphan_sweep(Options& options, const std::string& value) {
  using reconcile::SweepMode;
  static const std::map<std::string, SweepMode> modes = {
      {"delete", SweepMode::kDelete}, {"report", SweepMode::kReport}, {"off", SweepMode::kOff}};
  const auto found = modes.find(value);
  if (found == modes.end()) return quoted(value) + " is not one of delete, report, off";
  options.orphans.mode = found->second;
  return std::nullopt;
}

Complaint set_orphan_sweep_after(Options& options, const std::string& value) {
  const std::optional<base::Milliseconds> parsed = base::parse_duration(value);
  if (!parsed) return quoted(value) + " is not a duration, e.g. 10m";
  if (*parsed < std::chrono::seconds(1) || *parsed > std::chrono::hours(24)) return quoted(value) + " is not between 1s and 24h";
  options.orphans.after = *parsed;
  return std::nullopt;
}

Complaint set_log_level(Options& options, const std::string& value) {
  static const std::map<std::string, base::LogLevel> levels = {{"debug", base::LogLevel::kDebug},
                                                               {"info", base::LogLevel::kInfo},
                                                               {"warn", base::LogLevel::kWarn},
                                                               {"error", base::LogLevel::kError}};
  const auto found = levels.find(value);
  if (found == levels.end()) return quoted(value) + " is not one of debug, info, warn, error";
  options.log_level = found->second;
  return std::nullopt;
}

Complaint set_log_format(Options& options, const std::string& value) {
  if (value != "json" && value != "text") return quoted(value) + " is not one of json, text";
  options.log_format = value == "json" ? base::LogFormat::kJson : base::LogFormat::kText;
  return std::nullopt;
}

constexpr Flag kFlags[] = {
    {"manifests", "DIR", "directory whose manifests are applied, and followed as they change",
     [](Options& options, const std::string& value) { return set_path(options.manifests, value, "a directory"); }},
    {"state-dir", "DIR", "directory that keeps status and finalizers; a kill at any time loses nothing of it",
     [](Options& options, const std::string& value) { return set_path(options.state_dir, value, "a directory"); }},
    {"kubeconfig", "FILE", "how to reach the cluster; without it and --context: the service account of this Pod, else KUBECONFIG",
     [](Options& options, const std::string& value) { return set_path(options.kubeconfig, value, "a file"); }},
    {"context", "NAME", "context of the kubeconfig in place of its current one", set_context},
    {"namespace", "NAME", "namespace whose objects are looked after, may be repeated (all)", set_namespaces, Shape::kList},
    {"leader-elect", "", "of several processes let one act, by a Lease", set_leader_elect, Shape::kSwitch},
    {"leader-election-namespace", "NAME",
     "the operator's own namespace, of its Lease and Secrets (the service account's, or the context's)", set_own_namespace},
    {"catalogue", "FILE", "catalogue of benchmarks in place of the built-in one",
     [](Options& options, const std::string& value) { return set_path(options.catalogue, value, "a file"); }},
    {"default-workspace", "FILE", "manifest of a Workspace to apply in the cluster; what others set in it stays theirs",
     [](Options& options, const std::string& value) { return set_path(options.default_workspace, value, "a file"); }},
    {"metrics-address", "HOST:PORT", "where /metrics is served (127.0.0.1:8080)",
     [](Options& options, const std::string& value) { return set_address(options.metrics_address, value); }},
    {"health-address", "HOST:PORT", "where /healthz and /readyz are served (127.0.0.1:8081)",
     [](Options& options, const std::string& value) { return set_address(options.health_address, value); }},
    {"poll-interval", "TIME", "how often Lepton is looked at while something is awaited (2s)",
     [](Options& options, const std::string& value) { return set_interval(options.poll_interval, value); }},
    {"poll-interval-idle", "TIME", "how often while nothing is expected (30s)",
     [](Options& options, const std::string& value) { return set_interval(options.poll_interval_idle, value); }},
    {"workers", "N", "reconciles that run at once (16)", set_workers},
    {"orphan-sweep", "MODE", "what is ours in Lepton and belongs to no Invocation: delete, report or off (delete)", set_orphan_sweep},
    {"orphan-sweep-after", "TIME", "how long it must be seen so before (10m)", set_orphan_sweep_after},
    {"lepton-ca-file", "FILE", "certificates (PEM) to trust for Lepton in place of the system's",
     [](Options& options, const std::string& value) { return set_path(options.lepton_ca_file, value, "a file"); }},
    {"log-level", "LEVEL", "debug, info, warn or error (info)", set_log_level},
    {"log-format", "FORMAT", "json or text (text)", set_log_format},
};

// What belongs to a cluster has no meaning for a directory.
Complaint check_no_cluster(const Options& options) {
  const auto complaint = [](const char* flag) { return std::string(flag) + ": is for a cluster and cannot stand beside --manifests"; };
  if (options.kubeconfig) return complaint("--kubeconfig");
  if (options.context) return complaint("--context");
  if (!options.namespaces.empty()) return complaint("--namespace");
  if (options.leader_elect) return complaint("--leader-elect");
  if (options.default_workspace) return complaint("--default-workspace");
  if (options.leader_election_namespace) return complaint("--leader-election-namespace");
  return std::nullopt;
}

}  // namespace

std::span<const Flag> all_flags() { return kFlags; }

Complaint check_together(const Options& options) {
  if (options.poll_interval_idle < options.poll_interval) return "--poll-interval-idle: must not be shorter than --poll-interval";
  if (options.manifests.empty()) {
    if (!options.state_dir.empty()) return "--manifests: is missing; --state-dir is for the status of what they say";
    return std::nullopt;
  }
  if (const Complaint complaint = check_no_cluster(options)) return complaint;
  if (options.state_dir.empty()) return "--state-dir: is missing; with --manifests, status is kept there";
  const auto same = [](const std::filesystem::path& path) { return (path / "").lexically_normal(); };
  if (same(options.manifests) == same(options.state_dir)) return "--state-dir: must be another directory than --manifests";
  return std::nullopt;
}

}  // namespace lepton_operator::app
