// One section of a kubeconfig (a cluster, a user, a context, an exec plugin) that knows its place: an error names file, line and field.
//
// Readers return what is there, or nothing; the first value that cannot be used is kept as the failure, which callers look at once, at the
// end. Files that a section names are read at once. Any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "base/yaml.h"

namespace lepton_operator::kube {

struct KubeconfigFile {
  std::filesystem::path path;
  base::YamlDocument document;
};

class KubeconfigSection {
 public:
  // `value` lives in the file's document.
  KubeconfigSection(std::shared_ptr<const KubeconfigFile> file, std::string field, const base::Json& value);

  KubeconfigSection section(const std::string& member) const;  // an empty one when absent; has its own failure
  bool has(const std::string& member) const;                   // there, and neither null nor empty
  const base::Json* list(const std::string& member);           // null when absent

  std::optional<std::string> text(const std::string& member);  // "" is nothing
  std::optional<std::string> required(const std::string& member);
  bool flag(const std::string& member);
  std::optional<std::filesystem::path> path(const std::string& member);  // absolute, or relative to the file
  // What "<member>-data" holds in base64, else what the file that "<member>" names holds; must have `mark` in it.
  std::optional<std::string> pem(const std::string& member, const std::string& mark);

  std::filesystem::path resolved(const std::string& path) const;
  void fail(const std::string& member, std::string what, base::ErrorKind kind = base::ErrorKind::kInvalid);
  const std::optional<base::Error>& failure() const { return failure_; }

 private:
  std::string place(const std::string& member) const;

  std::shared_ptr<const KubeconfigFile> file_;
  std::string field_;
  const base::Json* value_;
  std::optional<base::Error> failure_;
};

}  // namespace lepton_operator::kube
