#include <utility>

#include "base/files.h"
#include "base/strings.h"
#include "kube/config.h"
#include "kube/kubeconfig_section.h"
#include "kube/kubeconfig_user.h"

namespace lepton_operator::kube {

namespace {

using base::Error;
using base::ErrorKind;
using base::Json;
using base::Result;

using Files = std::vector<std::shared_ptr<const KubeconfigFile>>;

// A kind of named entries: "contexts[].context".
struct Kind {
  const char* list;
  const char* one;
};
constexpr Kind kClusters{"clusters", "cluster"};
constexpr Kind kContexts{"contexts", "context"};
constexpr Kind kUsers{"users", "user"};

Result<std::shared_ptr<const KubeconfigFile>> read_kubeconfig(const std::filesystem::path& path) {
  const Result<std::string> text = base::read_file(path);
  if (!text) return text.error();
  Result<std::vector<base::YamlDocument>> documents = base::parse_yaml(*text, path.string());
  if (!documents) return documents.error();
  auto file = std::make_shared<KubeconfigFile>();
  file->path = path;
  file->document.value = base::json_object();
  if (!documents->empty()) file->document = std::move(documents->front());
  if (!file->document.value.is_object()) return Error{ErrorKind::kInvalid, "this is not a kubeconfig", path.string()};
  return std::shared_ptr<const KubeconfigFile>(std::move(file));
}

std::vector<std::filesystem::path> split_paths(const std::string& list) {
  std::vector<std::filesystem::path> paths;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(':', begin), list.size());
    if (end > begin) paths.emplace_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return paths;
}

Result<std::vector<std::filesystem::path>> default_paths(const Environment& environment) {
  if (const auto list = environment("KUBECONFIG")) {
    std::vector<std::filesystem::path> paths = split_paths(*list);
    if (!paths.empty()) return paths;
  }
  const auto home = environment("HOME");
  if (!home || home->empty()) return Error{ErrorKind::kNotFound, "there is no kubeconfig: neither KUBECONFIG nor HOME is set"};
  return std::vector<std::filesystem::path>{std::filesystem::path(*home) / ".kube/config"};
}

// Of several files those that do not exist count as empty, but one must exist.
Result<Files> read_all(const std::vector<std::filesystem::path>& paths) {
  Files files;
  std::vector<std::string> missing;
  for (const auto& path : paths) {
    auto file = read_kubeconfig(path);
    if (file) {
      files.push_back(std::move(file).value());
    } else if (file.error().kind == ErrorKind::kNotFound) {
      missing.push_back(path.string());
    } else {
      return file.error();
    }
  }
  if (files.empty()) return Error{ErrorKind::kNotFound, "there is no kubeconfig: " + base::join(missing, ", ") + " does not exist"};
  return files;
}

std::string file_names(const Files& files) {
  std::vector<std::string> names;
  for (const auto& file : files) names.push_back(file->path.string());
  return base::join(names, ":");
}

std::vector<std::string> names_of(const Files& files, const Kind& kind) {
  std::vector<std::string> names;
  for (const auto& file : files) {
    for (const Json& entry : base::elements(base::find(file->document.value, kind.list))) {
      const auto name = base::get_string(entry, "name");
      if (name && std::find(names.begin(), names.end(), *name) == names.end()) names.push_back(*name);
    }
  }
  return names;
}

std::string those_there(const Files& files, const Kind& kind) {
  const std::vector<std::string> names = names_of(files, kind);
  if (names.empty()) return "there are none";
  return "there are: " + base::join(names, ", ");
}

// The first file that has the name wins with its whole entry.
Result<KubeconfigSection> find_entry(const Files& files, const Kind& kind, const std::string& name) {
  for (const auto& file : files) {
    std::size_t index = 0;
    for (const Json& entry : base::elements(base::find(file->document.value, kind.list))) {
      const std::string field = std::string(kind.list) + "[" + std::to_string(index++) + "]." + kind.one;
      if (base::get_string(entry, "name") != name) continue;
      return KubeconfigSection(file, field, base::get_object(entry, kind.one));
    }
  }
  return Error{ErrorKind::kNotFound, std::string("there is no ") + kind.one + " \"" + name + "\"; " + those_there(files, kind),
               file_names(files)};
}

Result<std::string> chosen_context(const Files& files, const std::optional<std::string>& context) {
  if (context) return *context;
  for (const auto& file : files) {
    const auto current = base::get_string(file->document.value, "current-context");
    if (current && !current->empty()) return *current;
  }
  return Error{ErrorKind::kInvalid, "current-context is not set; name a context (" + those_there(files, kContexts) + ")",
               file_names(files)};
}

Result<ClusterConfig> select(const Files& files, const std::string& name) {
  Result<KubeconfigSection> context = find_entry(files, kContexts, name);
  if (!context) return context.error();
  const std::string cluster_name = context->required("cluster").value_or("");
  const auto user_name = context->text("user");
  ClusterConfig config;
  config.namespace_ = context->text("namespace").value_or("default");
  if (context->failure()) return *context->failure();

  Result<KubeconfigSection> cluster = find_entry(files, kClusters, cluster_name);
  if (!cluster) return cluster.error();
  const Result<> cluster_read = read_cluster(*cluster, config);
  if (!cluster_read) return cluster_read.error();
  if (!user_name) return config;  // without a user one is anonymous
  Result<KubeconfigSection> user = find_entry(files, kUsers, *user_name);
  if (!user) return user.error();
  const Result<> user_read = read_user(*user, config);
  if (!user_read) return user_read.error();
  return config;
}

}  // namespace

Result<ClusterConfig> load_kubeconfig(const std::optional<std::filesystem::path>& path, const std::optional<std::string>& context,
                                      const Environment& environment) {
  std::vector<std::filesystem::path> paths;
  if (path) {
    paths = {*path};
  } else {
    auto found = default_paths(environment);
    if (!found) return found.error();
    paths = std::move(found).value();
  }
  const Result<Files> files = read_all(paths);
  if (!files) return files.error();
  const Result<std::string> name = chosen_context(*files, context);
  if (!name) return name.error();
  return select(*files, *name);
}

}  // namespace lepton_operator::kube
