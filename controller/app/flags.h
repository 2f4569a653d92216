// The command line and its --config file (YAML, the same names; flags win), checked completely before anything starts.
//
// Pure but for the injected reader of files; any thread. Fails with one sentence that names the flag, and the line if it came from the
// file.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "reconcile/sweep_options.h"

namespace lepton_operator::app {

struct Options {
  std::filesystem::path manifests;  // empty: work in a cluster
  std::filesystem::path state_dir;
  std::optional<std::filesystem::path> kubeconfig;
  std::optional<std::string> context;
  std::vector<std::string> namespaces;  // empty: all
  bool leader_elect = false;
  std::optional<std::string> leader_election_namespace;    // the operator's own; nothing: the cluster's configuration tells
  std::optional<std::filesystem::path> catalogue;          // nothing: the embedded one
  std::optional<std::filesystem::path> default_workspace;  // a manifest; nothing: none is applied
  std::string metrics_address = "127.0.0.1:8080";
  std::string health_address = "127.0.0.1:8081";
  base::Milliseconds poll_interval{2'000};
  base::Milliseconds poll_interval_idle{30'000};
  int workers = 16;
  reconcile::SweepOptions orphans;
  std::optional<std::filesystem::path> lepton_ca_file;
  base::LogLevel log_level = base::LogLevel::kInfo;
  base::LogFormat log_format = base::LogFormat::kText;

  bool operator==(const Options&) const = default;
};

// What --help or --version prints; the process then ends with 0.
struct Message {
  std::string text;
};

using FileReader = std::function<base::Result<std::string>(const std::filesystem::path&)>;

// What is wrong with what a flag's value leads to, e.g. of "--catalogue".
inline base::Error of_flag(const char* flag, const base::Error& error) { return base::invalid(std::string(flag) + ": " + error.text()); }

// `arguments` without the program's name.
base::Result<std::variant<Options, Message>> parse_flags(const std::vector<std::string>& arguments, const FileReader& read);

}  // namespace lepton_operator::app
