#include "app/startup.h"

#include <cstdlib>
#include <utility>

#include <boost/asio/io_context.hpp>

#include "app/embedded_catalogue.h"
#include "base/files.h"
#include "base/http_cpprest.h"
#include "reconcile/directory_owners.h"

namespace lepton_operator::app {

using base::Error;
using base::ErrorKind;
using base::Result;

Result<invocation::Catalogue> load_catalogue(const Options& options) {
  if (!options.catalogue) return invocation::Catalogue::parse(kEmbeddedCatalogue, "the built-in catalogue");
  const Result<std::string> text = base::read_file(*options.catalogue);
  if (!text) return of_flag("--catalogue", text.error());
  Result<invocation::Catalogue> parsed = invocation::Catalogue::parse(*text, options.catalogue->string());
  if (!parsed) return of_flag("--catalogue", parsed.error());
  return parsed;
}

Result<> check_ca_file(const Options& options) {
  if (!options.lepton_ca_file) return base::Ok{};
  const Result<std::string> readable = base::read_file(*options.lepton_ca_file);
  if (!readable) return of_flag("--lepton-ca-file", readable.error());
  boost::asio::io_context unused;
  base::HttpClientOptions client;
  client.base_url = "https://127.0.0.1";
  client.ca_file = options.lepton_ca_file->string();
  const auto transport = base::make_http_transport(unused, std::move(client));
  if (!transport) return of_flag("--lepton-ca-file", transport.error());
  return base::Ok{};
}

Result<std::unique_ptr<State>> open_state(const std::filesystem::path& directory, base::Random& random) {
  Result<StateLock> lock = StateLock::acquire(directory);
  if (!lock) return of_flag("--state-dir", lock.error());
  auto state = std::make_unique<State>(State{std::move(*lock), {}, {}, {}});
  Result<std::string> id = load_or_make_install_id(directory, random);
  if (!id) return of_flag("--state-dir", id.error());
  state->install_id = std::move(*id);
  if (const Result<> recorded = reconcile::record_home(directory); !recorded) return of_flag("--state-dir", recorded.error());
  Result<std::unique_ptr<reconcile::KeyFile>> keys = reconcile::KeyFile::open(directory / "token-key", random);
  if (!keys) return of_flag("--state-dir", keys.error());
  state->keys = std::move(*keys);
  Result<std::unique_ptr<reconcile::CredentialsFile>> snapshot = reconcile::CredentialsFile::open(directory / "credentials");
  if (!snapshot) return of_flag("--state-dir", snapshot.error());
  state->snapshot = std::move(*snapshot);
  return state;
}

reconcile::FallbackCredentials fallback_credentials(lepton::Environment environment) {
  return [environment = std::move(environment)]() -> std::optional<Result<lepton::Credentials>> {
    if (auto found = lepton::credentials_from_environment(environment)) return found;
    return lepton::credentials_from_login_file(environment);
  };
}

lepton::Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

}  // namespace lepton_operator::app
