#include "kube/kubeconfig_user.h"

#include <utility>

#include "base/json.h"

namespace lepton_operator::kube {

namespace {

constexpr const char* kCertificateMark = "-----BEGIN CERTIFICATE-----";
constexpr const char* kKeyMark = "PRIVATE KEY-----";

base::Result<> outcome(const KubeconfigSection& section) {
  if (section.failure()) return *section.failure();
  return base::Ok{};
}

// The "config" that provideClusterInfo hands to a plugin stands in an extension of this name.
std::optional<std::string> plugin_config(KubeconfigSection& cluster) {
  for (const base::Json& extension : base::elements(cluster.list("extensions"))) {
    if (base::get_string(extension, "name") != "client.authentication.k8s.io/exec") continue;
    if (const base::Json* value = base::find(extension, "extension")) return base::to_text(*value);
  }
  return std::nullopt;
}

void check_server(KubeconfigSection& section, const std::string& server) {
  const bool known = server.starts_with("https://") || server.starts_with("http://");
  const std::size_t authority = server.find("://") + 3;
  if (!known || server.size() <= authority || server[authority] == '/') section.fail("server", "must be https://host:port");
  const bool plain = std::none_of(server.begin(), server.end(), [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7F; });
  if (!plain || server.find_first_of("@?#") != std::string::npos) section.fail("server", "must hold no user, query, fragment or space");
}

void read_arguments(KubeconfigSection& section, ExecPlugin& plugin) {
  for (const base::Json& argument : base::elements(section.list("args"))) {
    if (!argument.is_string()) return section.fail("args", "must be strings; put them in quotes");
    plugin.arguments.push_back(argument.as_string());
  }
}

void read_environment(KubeconfigSection& section, ExecPlugin& plugin) {
  for (const base::Json& variable : base::elements(section.list("env"))) {
    const auto name = base::get_string(variable, "name");
    const auto value = base::get_string(variable, "value");
    const bool usable = name && value && !name->empty() && name->find('=') == std::string::npos;
    if (!usable) return section.fail("env", "each variable needs a name and a value, both strings");
    plugin.environment[*name] = *value;
  }
}

ExecPlugin read_plugin(KubeconfigSection& section) {
  ExecPlugin plugin;
  plugin.api_version = section.required("apiVersion").value_or("");
  const bool v1 = plugin.api_version == "client.authentication.k8s.io/v1";
  if (!v1 && plugin.api_version != "client.authentication.k8s.io/v1beta1") {
    section.fail("apiVersion",
                 "must be client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1, not " + plugin.api_version);
  }
  plugin.command = section.required("command").value_or("");
  // A bare name is looked for in PATH; anything else is a path, relative to the file.
  if (plugin.command.find('/') != std::string::npos) plugin.command = section.resolved(plugin.command).string();
  read_arguments(section, plugin);
  read_environment(section, plugin);
  plugin.install_hint = section.text("installHint").value_or("");
  plugin.provide_cluster_info = section.flag("provideClusterInfo");

  const std::string interactive = section.text("interactiveMode").value_or(v1 ? "" : "IfAvailable");
  if (interactive == "Always") section.fail("interactiveMode", "Always is not supported: there is no terminal to ask on");
  if (interactive != "Always" && interactive != "Never" && interactive != "IfAvailable") {
    section.fail("interactiveMode", "must be Never or IfAvailable");
  }
  return plugin;
}

void refuse_unsupported(KubeconfigSection& section) {
  for (const char* member : {"auth-provider", "username", "password"}) {
    if (section.has(member)) section.fail(member, "is not supported; use a token, a client certificate or an exec plugin");
  }
  for (const char* member : {"as", "as-uid", "as-groups", "as-user-extra"}) {
    if (section.has(member)) section.fail(member, "impersonation is not supported; use a context of the user itself");
  }
}

void read_client_certificate(KubeconfigSection& section, ClusterConfig& config) {
  config.client_certificate_pem = section.pem("client-certificate", kCertificateMark);
  config.client_key_pem = section.pem("client-key", kKeyMark);
  if (config.client_certificate_pem.has_value() == config.client_key_pem.has_value()) return;
  section.fail("", config.client_key_pem ? "has a client-key, but no client-certificate" : "has a client-certificate, but no client-key");
}

}  // namespace

base::Result<> read_cluster(KubeconfigSection section, ClusterConfig& config) {
  config.server = section.required("server").value_or("");
  while (config.server.ends_with('/')) config.server.pop_back();
  check_server(section, config.server);
  config.ca_pem = section.pem("certificate-authority", kCertificateMark);
  config.tls_server_name = section.text("tls-server-name");
  config.insecure_skip_tls_verify = section.flag("insecure-skip-tls-verify");
  if (config.insecure_skip_tls_verify && config.ca_pem) {
    section.fail("insecure-skip-tls-verify", "contradicts the certificate-authority; keep one of them");
  }
  if (section.has("proxy-url")) section.fail("proxy-url", "is not supported; set HTTPS_PROXY instead");
  config.exec_cluster_config = plugin_config(section);
  return outcome(section);
}

base::Result<> read_user(KubeconfigSection section, ClusterConfig& config) {
  refuse_unsupported(section);
  read_client_certificate(section, config);
  // As kubectl has it: the file before the token, both before the plugin.
  if (section.has("tokenFile")) {
    config.token_file = section.path("tokenFile");
  } else if (section.has("token")) {
    config.token = section.text("token");
  } else if (section.has("exec")) {
    KubeconfigSection exec = section.section("exec");
    config.exec = read_plugin(exec);
    if (!section.failure() && exec.failure()) return *exec.failure();
  }
  return outcome(section);
}

}  // namespace lepton_operator::kube
