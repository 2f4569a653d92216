#include "app/directory_mode.h"

#include <utility>

#include "app/host.h"
#include "app/startup.h"
#include "reconcile/directory_owners.h"
#include "store/directory_store.h"

namespace lepton_operator::app {

namespace {

using base::Result;

class DirectoryMode {
 public:
  DirectoryMode(Host& host, const Options& options, base::Log& log, base::Random& random, const invocation::Catalogue& catalogue,
                State& state)
      : store_(store::make_directory_store(host.io(), host.clock(), random, log,
                                           {.manifests = options.manifests, .state = options.state_dir})),
        owners_(options.state_dir),
        operator_({.io = host.io(),
                   .clock = host.clock(),
                   .random = random,
                   .log = log,
                   .store = *store_,
                   .keys = *state.keys,
                   .snapshot = *state.snapshot,
                   .catalogue = catalogue,
                   .make_transport = [&host](const std::string& base_url) { return host.make_lepton_transport(base_url); },
                   .fallback = fallback_credentials(process_environment()),
                   .install_id = state.install_id,
                   .options = host.operator_options(),
                   .hooks = host.counting_hooks(),
                   .may_write = {},
                   .owners = &owners_}) {}

  boost::asio::awaitable<Result<>> run(base::Context context) { return operator_.run(context); }
  bool ready() const { return operator_.synced(); }
  metrics::Fleet fleet() const {
    metrics::Fleet fleet;
    Host::show(fleet, *store_, operator_);
    fleet.invalid_manifests = store_->invalid_files();
    return fleet;
  }

 private:
  std::unique_ptr<store::DirectoryStore> store_;
  reconcile::DirectoryOwners owners_;
  reconcile::Operator operator_;
};

}  // namespace

int run_directory_mode(const Options& options, base::Log& log, base::Random& random, const invocation::Catalogue& catalogue) {
  const Result<std::unique_ptr<State>> state = open_state(options.state_dir, random);
  if (!state) return refuse(kFailed, state.error());
  Host host(options, log);
  DirectoryMode mode(host, options, log, random, catalogue, **state);
  const Result<> listening = host.listen([&mode] { return mode.fleet(); }, [&mode] { return mode.ready(); });
  if (!listening) return refuse(kFailed, listening.error());
  return host.run([&mode](base::Context context) { return mode.run(context); }, {{"mode", "directory"},
                                                                                 {"manifests", options.manifests.string()},
                                                                                 {"state", options.state_dir.string()},
                                                                                 {"install", (*state)->install_id},
                                                                                 {"token_key", (*state)->keys->current_id()}});
}

}  // namespace lepton_operator::app
