// What is read before anything runs: the catalogue, the CA file, the state directory. Fails with one sentence each.
//
// Main thread, before the domain runs.
#pragma once

#include <memory>
#include <string>

#include "app/flags.h"
#include "app/state_directory.h"
#include "base/random.h"
#include "invocation/catalogue.h"
#include "lepton/credentials.h"
#include "reconcile/credentials_file.h"
#include "reconcile/key_file.h"
#include "reconcile/workspace_credentials.h"

namespace lepton_operator::app {

// The file of --catalogue, or the embedded one.
base::Result<invocation::Catalogue> load_catalogue(const Options& options);

// The CA file can be used.
base::Result<> check_ca_file(const Options& options);

// All of STATE but the objects, which are the store's.
struct State {
  StateLock lock;  // first: held while the rest is there
  std::string install_id;
  std::unique_ptr<reconcile::KeyFile> keys;
  std::unique_ptr<reconcile::CredentialsFile> snapshot;
};
base::Result<std::unique_ptr<State>> open_state(const std::filesystem::path& directory, base::Random& random);

// LEPTON_WORKSPACE_…, then the file of `lep login`.
reconcile::FallbackCredentials fallback_credentials(lepton::Environment environment);
lepton::Environment process_environment();

}  // namespace lepton_operator::app
