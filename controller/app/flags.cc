#include "app/flags.h"

#include <algorithm>
#include <map>
#include <utility>

#include <CLI/CLI.hpp>

#include "app/flags_table.h"
#include "app/version.h"
#include "base/strings.h"
#include "base/yaml.h"

namespace lepton_operator::app {

namespace {

using base::Error;
using base::ErrorKind;
using base::Result;

std::string quoted(const std::string& value) { return "\"" + base::clipped(value, 80) + "\""; }

constexpr Flag kConfig = {"config", "FILE", "YAML file with the same names, e.g. \"poll-interval: 2s\"; flags win", nullptr};

std::vector<std::string> known_names() {
  std::vector<std::string> names = {"config", "help", "version"};
  for (const Flag& flag : all_flags()) names.emplace_back(flag.name);
  return names;
}

std::string hint(const std::string& name, const std::string& prefix) {
  const std::vector<std::string> near = base::nearest(name, known_names(), 1);
  return near.empty() ? "" : "; did you mean " + prefix + near.front() + "?";
}

using Values = std::map<std::string, std::string>;  // by flag name

void add(CLI::App& cli, const Flag& flag, std::string& value) {
  const std::string name = std::string("--") + flag.name;
  switch (flag.shape) {
    case Shape::kValue: cli.add_option(name, value, flag.help)->type_name(flag.type)->take_last(); return;
    case Shape::kSwitch: cli.add_flag(name, value, flag.help)->take_last(); return;
    case Shape::kList: cli.add_option(name, value, flag.help)->type_name(flag.type)->join(); return;
  }
  __builtin_unreachable();
}

// A message, or the values as they were written.
Result<std::variant<Values, Message>> read_command_line(std::vector<std::string> arguments) {
  CLI::App cli("Runs benchmark evaluations on Lepton workspaces, as manifests say.", "lepton-operator");
  cli.set_version_flag("--version", std::string("lepton-operator ") + kVersion, "print the version and exit");
  cli.set_help_flag("--help,-h", "print this and exit");
  cli.footer("What the Helm chart's hooks ask of it: lepton-operator guard, lepton-operator trial; each has a --help.");
  cli.allow_extras();
  Values values;
  for (const Flag& flag : all_flags()) add(cli, flag, values[flag.name]);
  add(cli, kConfig, values[kConfig.name]);
  std::reverse(arguments.begin(), arguments.end());
  try {
    cli.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    return std::variant<Values, Message>(Message{cli.help()});
  } catch (const CLI::CallForVersion& version) {
    return std::variant<Values, Message>(Message{std::string(version.what()) + "\n"});
  } catch (const CLI::ArgumentMismatch& mismatch) {
    const std::string what = mismatch.what();
    return base::invalid(what.substr(0, what.find(':')) + ": needs a value");
  } catch (const CLI::ParseError& error) {
    return base::invalid(error.what());
  }
  for (const auto& [name, value] : values) {
    if (value.rfind("--", 0) == 0) return base::invalid("--" + name + ": needs a value");  // the next flag was taken for it
  }
  for (const std::string& extra : cli.remaining()) {
    if (extra.rfind("--", 0) != 0) return base::invalid(quoted(extra) + ": unexpected argument; see --help");
    const std::string name = extra.substr(2, extra.find('=') - 2);
    return base::invalid("--" + name + ": unknown flag" + hint(name, "--"));
  }
  std::erase_if(values, [&cli](const auto& value) { return cli.get_option("--" + value.first)->count() == 0; });
  return std::variant<Values, Message>(std::move(values));
}

// Of a list one value a line, as CLI11 joins those of a flag that is repeated.
std::optional<std::string> text_of(const base::Json& value, bool list) {
  if (value.is_string()) return value.as_string();
  if (value.is_number() || value.is_boolean()) return value.serialize();
  if (!list || !value.is_array() || value.size() == 0) return std::nullopt;
  std::vector<std::string> lines;
  for (const base::Json& line : base::elements(&value)) lines.push_back(text_of(line, false).value_or(""));
  return base::join(lines, "\n");
}

struct Sourced {
  std::string value;
  std::string where;  // "--workers" or "operator.yaml:3: workers"
};
using SourcedValues = std::map<std::string, Sourced>;

Result<SourcedValues> read_config_file(const std::string& path, const FileReader& read) {
  const Result<std::string> text = read(path);
  if (!text) return base::invalid("--config: " + text.error().text());
  const Result<std::vector<base::YamlDocument>> documents = base::parse_yaml(*text, path);
  if (!documents) return base::invalid(documents.error().text());
  SourcedValues values;
  if (documents->empty()) return values;
  const base::YamlDocument& document = documents->front();
  if (documents->size() > 1 || !document.value.is_object()) {
    return base::invalid(path + ": must be one YAML map of flag names to values, e.g. \"poll-interval: 2s\"");
  }
  for (const auto& [name, value] : document.value.as_object()) {
    const std::string where = path + ":" + std::to_string(document.line_of(name)) + ": " + name;
    const auto flags = all_flags();
    const auto flag =
        std::find_if(flags.begin(), flags.end(), [&known_name = name](const Flag& known) { return known_name == known.name; });
    if (flag == flags.end()) return base::invalid(where + ": unknown name" + hint(name, ""));
    const std::optional<std::string> given = text_of(value, flag->shape == Shape::kList);
    if (!given) return base::invalid(where + ": must be a single value");
    values[name] = {*given, where};
  }
  return values;
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
  for (const Flag& flag : all_flags()) {
    const auto value = values.find(flag.name);
    if (value == values.end()) continue;
    if (const Complaint complaint = flag.set(options, value->second.value)) return base::invalid(value->second.where + ": " + *complaint);
  }
  if (const Complaint complaint = check_together(options)) return base::invalid(*complaint);
  return std::variant<Options, Message>(std::move(options));
}

}  // namespace lepton_operator::app
