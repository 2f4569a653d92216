#include "app/flags.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include <CLI/CLI.hpp>

#include "app/version.h"
#include "base/strings.h"
#include "base/yaml.h"

namespace lepton_operator::app {

namespace {

using base::Error;
using base::ErrorKind;
using base::Result;

// What is wrong with a value, without the flag's name; nothing when it was taken.
using Complaint = std::optional<std::string>;

struct Flag {
  const char* name;
  const char* type;
  const char* help;
  Complaint (*set)(Options& options, const std::string& value);
};

Error wrong(std::string sentence) { return Error{ErrorKind::kInvalid, std::move(sentence)}; }

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
    {"catalogue", "FILE", "catalogue of benchmarks in place of the built-in one",
     [](Options& options, const std::string& value) { return set_path(options.catalogue, value, "a file"); }},
    {"metrics-address", "HOST:PORT", "where /metrics is served (127.0.0.1:8080)",
     [](Options& options, const std::string& value) { return set_address(options.metrics_address, value); }},
    {"health-address", "HOST:PORT", "where /healthz and /readyz are served (127.0.0.1:8081)",
     [](Options& options, const std::string& value) { return set_address(options.health_address, value); }},
    {"poll-interval", "TIME", "how often Lepton is looked at while something is awaited (2s)",
     [](Options& options, const std::string& value) { return set_interval(options.poll_interval, value); }},
    {"poll-interval-idle", "TIME", "how often while nothing is expected (30s)",
     [](Options& options, const std::string& value) { return set_interval(options.poll_interval_idle, value); }},
    {"workers", "N", "reconciles that run at once (16)", set_workers},
    {"lepton-ca-file", "FILE", "certificates (PEM) to trust for Lepton in place of the system's",
     [](Options& options, const std::string& value) { return set_path(options.lepton_ca_file, value, "a file"); }},
    {"log-level", "LEVEL", "debug, info, warn or error (info)", set_log_level},
    {"log-format", "FORMAT", "json or text (text)", set_log_format},
};

constexpr const char* kNoCluster = "a cluster is not supported yet: give --manifests DIR and --state-dir DIR";

std::vector<std::string> known_names() {
  std::vector<std::string> names = {"config", "help", "version"};
  for (const Flag& flag : kFlags) names.emplace_back(flag.name);
  return names;
}

std::string hint(const std::string& name, const std::string& prefix) {
  const std::vector<std::string> near = base::nearest(name, known_names(), 1);
  return near.empty() ? "" : "; did you mean " + prefix + near.front() + "?";
}

using Values = std::map<std::string, std::string>;  // by flag name

// A message, or the values as they were written.
Result<std::variant<Values, Message>> read_command_line(std::vector<std::string> arguments) {
  CLI::App cli("Runs benchmark evaluations on Lepton workspaces, as manifests say.", "lepton-operator");
  cli.set_version_flag("--version", std::string("lepton-operator ") + kVersion, "print the version and exit");
  cli.set_help_flag("--help,-h", "print this and exit");
  cli.allow_extras();
  Values values;
  const auto add = [&cli, &values](const char* name, const char* type, const char* help) {
    cli.add_option(std::string("--") + name, values[name], help)->type_name(type)->take_last();
  };
  for (const Flag& flag : kFlags) add(flag.name, flag.type, flag.help);
  add("config", "FILE", "YAML file with the same names, e.g. \"poll-interval: 2s\"; flags win");
  std::reverse(arguments.begin(), arguments.end());
  try {
    cli.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    return std::variant<Values, Message>(Message{cli.help()});
  } catch (const CLI::CallForVersion& version) {
    return std::variant<Values, Message>(Message{std::string(version.what()) + "\n"});
  } catch (const CLI::ArgumentMismatch& mismatch) {
    const std::string what = mismatch.what();
    return wrong(what.substr(0, what.find(':')) + ": needs a value");
  } catch (const CLI::ParseError& error) {
    return wrong(error.what());
  }
  for (const auto& [name, value] : values) {
    if (value.rfind("--", 0) == 0) return wrong("--" + name + ": needs a value");  // the next flag was taken for it
  }
  for (const std::string& extra : cli.remaining()) {
    if (extra.rfind("--", 0) != 0) return wrong(quoted(extra) + ": unexpected argument; see --help");
    const std::string name = extra.substr(2, extra.find('=') - 2);
    if (name == "kubeconfig" || name == "context") return wrong("--" + name + ": " + kNoCluster);
    return wrong("--" + name + ": unknown flag" + hint(name, "--"));
  }
  std::erase_if(values, [&cli](const auto& value) { return cli.get_option("--" + value.first)->count() == 0; });
  return std::variant<Values, Message>(std::move(values));
}

std::optional<std::string> scalar_text(const base::Json& value) {
  if (value.is_string()) return value.as_string();
  if (value.is_number() || value.is_boolean()) return value.serialize();
  return std::nullopt;
}

struct Sourced {
  std::string value;
  std::string where;  // "--workers" or "operator.yaml:3: workers"
};
using SourcedValues = std::map<std::string, Sourced>;

Result<SourcedValues> read_config_file(const std::string& path, const FileReader& read) {
  const Result<std::string> text = read(path);
  if (!text) return wrong("--config: " + text.error().text());
  const Result<std::vector<base::YamlDocument>> documents = base::parse_yaml(*text, path);
  if (!documents) return wrong(documents.error().text());
  SourcedValues values;
  if (documents->empty()) return values;
  const base::YamlDocument& document = documents->front();
  if (documents->size() > 1 || !document.value.is_object()) {
    return wrong(path + ": must be one YAML map of flag names to values, e.g. \"poll-interval: 2s\"");
  }
  for (const auto& [name, value] : document.value.as_object()) {
    const std::string where = path + ":" + std::to_string(document.line_of(name)) + ": " + name;
    const bool known =
        std::any_of(std::begin(kFlags), std::end(kFlags), [&known_name = name](const Flag& flag) { return known_name == flag.name; });
    if (!known) return wrong(where + ": unknown name" + hint(name, ""));
    const std::optional<std::string> scalar = scalar_text(value);
    if (!scalar) return wrong(where + ": must be a single value");
    values[name] = {*scalar, where};
  }
  return values;
}

Complaint check_together(const Options& options) {
  if (options.manifests.empty() && options.state_dir.empty()) return kNoCluster;
  if (options.manifests.empty()) return "--manifests: is missing; " + std::string(kNoCluster);
  if (options.state_dir.empty()) return "--state-dir: is missing; with --manifests, status is kept there";
  const auto same = [](const std::filesystem::path& path) { return (path / "").lexically_normal(); };
  if (same(options.manifests) == same(options.state_dir)) return "--state-dir: must be another directory than --manifests";
  if (options.poll_interval_idle < options.poll_interval) return "--poll-interval-idle: must not be shorter than --poll-interval";
  return std::nullopt;
}

}  // namespace

Result<std::variant<Options, Message>> parse_flags(const std::vector<std::string>& arguments, const FileReader& read) {
  Result<std::variant<Values, Message>> line = read_command_line(arguments);
  if (!line) return line.error();
  if (Message* message = std::get_if<Message>(&*line)) return std::variant<Options, Message>(std::move(*message));
  const Values& given = std::get<Values>(*line);

  SourcedValues values;
  if (const auto config = given.find("config"); config != given.end()) {
    Result<SourcedValues> from_file = read_config_file(config->second, read);
    if (!from_file) return from_file.error();
    values = std::move(*from_file);
  }
  for (const auto& [name, value] : given) values[name] = {value, "--" + name};

  Options options;
  for (const Flag& flag : kFlags) {
    const auto value = values.find(flag.name);
    if (value == values.end()) continue;
    if (const Complaint complaint = flag.set(options, value->second.value)) return wrong(value->second.where + ": " + *complaint);
  }
  if (const Complaint complaint = check_together(options)) return wrong(*complaint);
  return std::variant<Options, Message>(std::move(options));
}

}  // namespace lepton_operator::app
