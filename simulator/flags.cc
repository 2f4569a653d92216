#include "flags.h"

#include <charconv>

#include <CLI/CLI.hpp>
#include <boost/asio/ip/address.hpp>

namespace lepton_operator::simulator {
namespace {

base::Error wrong(const std::string& flag, const std::string& what) { return {base::ErrorKind::kInvalid, flag + ": " + what}; }

std::optional<base::Error> set_listen(Flags& flags, const std::string& value) {
  const std::size_t colon = value.rfind(':');
  unsigned port = 0;
  const char* const last = value.data() + value.size();
  const bool numeric = colon != std::string::npos && colon + 1 < value.size() &&
                       std::from_chars(value.data() + colon + 1, last, port).ptr == last && port <= 65535;
  boost::system::error_code error;
  if (numeric) boost::asio::ip::make_address(value.substr(0, colon), error);
  if (!numeric || error) return wrong("--listen", "\"" + value + "\" is not an address and port, e.g. 127.0.0.1:0");
  flags.host = value.substr(0, colon);
  flags.port = static_cast<std::uint16_t>(port);
  return std::nullopt;
}

}  // namespace

base::Result<Flags> parse_flags(int count, char** words) {
  Flags flags;
  Options& options = flags.options;
  std::string listen = "127.0.0.1:0";
  std::string storage = "name";
  std::string family = "deployments";
  std::map<std::string, std::pair<std::string, base::Milliseconds*>> durations = {
      {"--ready-delay", {"2s", &options.ready_delay}},
      {"--start-delay", {"200ms", &options.start_delay}},
      {"--run-delay", {"3s", &options.run_delay}},
      {"--delete-delay", {"300ms", &options.delete_delay}},
      {"--token-expires-in", {"4320h", &options.token_expires_in}},
  };
  CLI::App app("lepton-sim: a Lepton workspace in one process");
  app.add_option("--listen", listen, "address:port; port 0 takes a free one (127.0.0.1:0)");
  app.add_option("--workspace", options.workspace, "its ID (ws-sim)");
  app.add_option("--token", options.token, "the bearer token (sim-token)");
  app.add_option("--ready-delay", durations["--ready-delay"].first, "creation of an endpoint until Ready (2s)");
  app.add_option("--start-delay", durations["--start-delay"].first, "creation of a job until Running (200ms)");
  app.add_option("--run-delay", durations["--run-delay"].first, "Running until Completed (3s)");
  app.add_option("--delete-delay", durations["--delete-delay"].first, "DELETE until gone (300ms)");
  app.add_option("--token-expires-in", durations["--token-expires-in"].first, "what GET /tokens says, from the start on (4320h)");
  app.add_option("--scenario", flags.scenario_file, "YAML file with outcomes and faults");
  app.add_option("--storage-api", storage, "name, literal, absent or other-volume (name)");
  app.add_option("--api-family", family, "which routes serve endpoints: deployments or endpoints (deployments)");
  app.add_option("--seed", options.seed, "of the ids it makes (1)");
  app.add_option("--max-page-size", options.max_page, "a page of jobs holds no more, whatever is asked for (500)");
  app.add_flag("--omit-phase", options.omit_phase, "as old servers: no phase in a deployment's status");
  app.add_flag("--archived-state", options.archived_state, "archived jobs show Archived");
  app.add_flag("--archive-deleted-jobs", options.archive_deleted_jobs, "deleted jobs stay in the archive");
  app.add_flag("--stream-logs", options.stream_logs, "the log of a running job's replica is a stream that ends with the job");
  app.add_flag("--log-requests", flags.log_requests, "a line on stderr for each request");
  try {
    app.parse(count, words);
  } catch (const CLI::CallForHelp&) {
    flags.help = app.help();
    return flags;
  } catch (const CLI::ParseError& error) {
    return base::Error{base::ErrorKind::kInvalid, error.what()};
  }
  if (auto error = set_listen(flags, listen)) return *error;
  for (auto& [flag, value] : durations) {
    const auto parsed = base::parse_duration(value.first);
    if (!parsed || parsed->count() < 0) return wrong(flag, "\"" + value.first + "\" is not a duration, e.g. 500ms or 2s");
    *value.second = *parsed;
  }
  const auto api = storage_api_named(storage);
  if (!api) return wrong("--storage-api", "must be name, literal, absent or other-volume, not \"" + storage + "\"");
  options.storage_api = *api;
  const auto known_family = api_family_named(family);
  if (!known_family) return wrong("--api-family", "must be deployments or endpoints, not \"" + family + "\"");
  options.api_family = *known_family;
  if (options.workspace.empty() || options.workspace.find('/') != std::string::npos) {
    return wrong("--workspace", "must be one path segment");
  }
  if (options.max_page < 1 || options.max_page > 500) return wrong("--max-page-size", "must be between 1 and 500");
  if (options.token.empty()) return wrong("--token", "must not be empty");
  return flags;
}

}  // namespace lepton_operator::simulator
