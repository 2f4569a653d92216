// The flags of verbs that read manifests, and what they ask for.
//
// Owner: the verb. Plain values.
#pragma once

#include <string>
#include <vector>

#include "cli/manifest_input.h"
#include "cli/session.h"

namespace CLI {
class App;
}  // namespace CLI

namespace lepton_operator::cli {

class ManifestFlags {
 public:
  // -f FILE..., which has to be there, OVERRIDE... and -o OVERRIDE.
  void declare(CLI::App& app);
  // -f FILE... and -o OVERRIDE, where files are not what the verb is about: `help` says what for.
  void declare_optional(CLI::App& app, const std::string& help);

  bool any() const { return !files_.empty(); }
  // What stands without a namespace goes into `namespace_`; what stands in another one than --namespace has is refused.
  ManifestInput input(const Session& session, const std::string& namespace_) const;

 private:
  std::vector<std::string> files_;
  std::vector<std::string> overrides_;
  std::vector<std::string> dashed_;
};

}  // namespace lepton_operator::cli
