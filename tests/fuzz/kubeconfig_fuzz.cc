// A kubeconfig, whatever is in it (kube/config.h): what is refused is told with file, line and field and without its secrets; what is taken
// can be used, and says the same in another layout.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/hash.h"
#include "base/yaml.h"
#include "fuzz/promise.h"
#include "fuzz/secret_lines.h"
#include "kube/config.h"

namespace lepton_operator::fuzz {

namespace {

using kube::ClusterConfig;

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "kubeconfig-XXXXXX").string();
    require(mkdtemp(pattern.data()) != nullptr, "there is room for a file");
    path_ = pattern;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::filesystem::path write(std::string_view text) const {
    const std::filesystem::path file = path_ / "config";
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
    return file;
  }

 private:
  std::filesystem::path path_;
};

base::Result<ClusterConfig> load(const std::filesystem::path& file) {
  return kube::load_kubeconfig(file, std::nullopt, [](const std::string&) { return std::nullopt; });
}

void require_no_secret(std::string_view text, const Folder& folder) {
  static const std::set<std::string> kSecret{"token", "password", "client-key-data", "value"};
  const auto sentences = [&](std::string_view of) {
    const base::Result<ClusterConfig> config = load(folder.write(of));
    return config ? std::vector<std::string>{} : std::vector{config.error().text()};
  };
  for (const std::string_view line : lines_of(text)) {
    if (kSecret.contains(key_of_line(line))) require_untold(text, value_of_line(line), sentences);
  }
}

bool holds_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; });
}

void require_usable(const ClusterConfig& config) {
  const std::string& server = config.server;
  require(server.starts_with("https://") || server.starts_with("http://"), "a server is a URL", server);
  require(server.find_first_of("@?# \t\r\n") == std::string::npos && !holds_control(server), "a URL is fit to be asked", server);
  const int ways = config.token.has_value() + config.token_file.has_value() + config.exec.has_value();
  require(ways <= 1, "there is one way to authenticate");
  require(config.client_certificate_pem.has_value() == config.client_key_pem.has_value(), "a certificate comes with its key");
  require(!config.insecure_skip_tls_verify || !config.ca_pem, "a server is verified, or it is not");
  if (config.ca_pem) require(config.ca_pem->find("-----BEGIN CERTIFICATE-----") != std::string::npos, "a CA is a certificate");
  if (config.exec) {
    require(!config.exec->command.empty(), "a plugin has a command");
    for (const auto& [name, value] : config.exec->environment) {
      require(!name.empty() && name.find('=') == std::string::npos, "a variable has a name", name);
    }
  }
}

std::string told(const ClusterConfig& config) {
  std::string text = config.server + "\n" + config.namespace_ + "\n" + config.ca_pem.value_or("-") + "\n" + config.token.value_or("-") +
                     "\n" + config.token_file.value_or("-").string() + "\n" + config.tls_server_name.value_or("-") + "\n" +
                     config.client_certificate_pem.value_or("-") + "\n" + config.client_key_pem.value_or("-") + "\n" +
                     config.exec_cluster_config.value_or("-");
  if (!config.exec) return text;
  text += "\n" + config.exec->command + "\n" + config.exec->api_version + "\n" + config.exec->install_hint;
  for (const std::string& argument : config.exec->arguments) text += "\n" + argument;
  for (const auto& [name, value] : config.exec->environment) text += "\n" + name + "=" + value;
  return text;
}

}  // namespace

void try_input(std::string_view text) {
  static const Folder folder;
  const std::filesystem::path file = folder.write(text);
  const base::Result<ClusterConfig> config = load(file);
  if (!config) {
    const std::string sentence = config.error().text();
    require(sentence.find(file.string()) == 0, "what is wrong is told with the file", sentence);
    require_no_secret(text, folder);
    return;
  }
  require_usable(*config);
  const auto documents = base::parse_yaml(text, "config");
  require(documents.ok() && !documents->empty(), "what was taken is YAML");
  const base::Result<ClusterConfig> again = load(folder.write(base::to_yaml(documents->front().value)));
  require(again.ok(), "a kubeconfig is taken in another layout too", again.ok() ? "" : again.error().text());
  require(told(*config) == told(*again), "a kubeconfig says the same in another layout", told(*again));
}

}  // namespace lepton_operator::fuzz
