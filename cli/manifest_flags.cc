#include "cli/manifest_flags.h"

#include <CLI/CLI.hpp>

namespace lepton_operator::cli {

void ManifestFlags::declare(CLI::App& app) {
  app.add_option("-f,--filename", files_, "file with manifests; - for standard input; may be given again")
      ->option_text("FILE")
      ->allow_extra_args(false)
      ->required();
  app.add_option("OVERRIDE", overrides_, "field=value, +field=value, ~field");
  app.add_option("-o,--override", dashed_, "the same, as the launcher spells it; may be given again; before the others")
      ->option_text("OVERRIDE")
      ->allow_extra_args(false);
}

void ManifestFlags::declare_optional(CLI::App& app, const std::string& help) {
  app.add_option("-f,--filename", files_, help)->option_text("FILE")->allow_extra_args(false);
  app.add_option("-o,--override", dashed_, "an override for them; may be given again")->option_text("OVERRIDE")->allow_extra_args(false);
}

ManifestInput ManifestFlags::input(const Session& session, const std::string& namespace_) const {
  ManifestInput input{.files = files_, .overrides = dashed_, .namespace_ = namespace_};
  input.overrides.insert(input.overrides.end(), overrides_.begin(), overrides_.end());
  input.only_there = session.globals().namespace_.has_value();
  return input;
}

}  // namespace lepton_operator::cli
