#include "cli/workspace_access.h"

#include "base/http_cpprest.h"
#include "invocation/codec.h"

namespace lepton_operator::cli {

using base::ErrorKind;
using reconcile::ResolvedWorkspace;
using SecretValues = std::map<std::string, std::string>;

namespace {

constexpr int kHttpThreads = 2;

// "https://host/api/v2/workspaces/x" -> "https://host".
std::string server_of(const std::string& url) {
  const std::size_t scheme = url.find("://");
  return scheme == std::string::npos ? url : url.substr(0, url.find('/', scheme + 3));
}

reconcile::FallbackCredentials fallback_of(const Session& session, const Backend& backend) {
  if (!backend.uses_own_credentials()) return {};
  return [environment = session.environment()]() -> std::optional<Result<lepton::Credentials>> {
    if (auto found = lepton::credentials_from_environment(environment)) return found;
    return lepton::credentials_from_login_file(environment);
  };
}

Answer<SecretValues> read_secret(Backend* backend, Context context, ObjectKey key) {
  Result<SecretValues> values = co_await backend->secret(context, key);
  co_return values;
}

}  // namespace

ObjectKey workspace_of(const Json& invocation) {
  const Json& metadata = base::get_object(invocation, "metadata");
  const Json& reference = base::get_object(base::get_object(invocation, "spec"), "workspaceRef");
  return {base::get_string(metadata, "namespace").value_or("default"), base::get_string(reference, "name").value_or("default")};
}

Answer<ResolvedWorkspace> resolve(Session& session, Backend& backend, Context context, ObjectKey workspace) {
  const Result<Json> found = co_await backend.workspace(context, workspace);
  if (!found && found.error().kind != ErrorKind::kNotFound) co_return found.error();
  std::shared_ptr<const invocation::Workspace> object;
  if (found) object = std::make_shared<const invocation::Workspace>(invocation::decode_workspace(*found));
  Backend* const asked = &backend;
  const reconcile::ReadSecret read = [asked](Context within, ObjectKey key) { return read_secret(asked, within, key); };
  const reconcile::FallbackCredentials fallback = fallback_of(session, backend);
  ResolvedWorkspace resolved = co_await reconcile::resolve_workspace(object, read, context, workspace, fallback);
  co_return resolved;
}

Found<LeptonAccess> access_with(Session& session, const lepton::Credentials& credentials) {
  base::start_http_threads(kHttpThreads);
  base::HttpClientOptions options;
  options.base_url = server_of(credentials.url);
  if (session.globals().lepton_ca_file) options.ca_file = session.globals().lepton_ca_file->string();
  const auto transport = base::make_http_transport(session.io(), std::move(options));
  if (!transport) return could_not(transport.error().text(), "check the Workspace's url, and --lepton-ca-file");
  LeptonAccess access{.credentials = credentials, .random = base::make_system_random(), .client = nullptr};
  access.client = std::make_unique<lepton::Client>(*transport, credentials, session.clock(), *access.random, lepton::ClientOptions{});
  return access;
}

boost::asio::awaitable<Found<LeptonAccess>> lepton_of(Session& session, Backend& backend, Context context, ObjectKey workspace) {
  const Result<ResolvedWorkspace> resolved = co_await resolve(session, backend, context, workspace);
  if (!resolved) co_return trouble_of(resolved.error(), backend);
  if (!resolved->credentials) {
    const std::string hint = session.command("workspace check " + workspace.name) + " looks at each part of it";
    co_return could_not("Workspace " + workspace.text() + ": " + resolved->message, hint);
  }
  co_return access_with(session, *resolved->credentials);
}

}  // namespace lepton_operator::cli
