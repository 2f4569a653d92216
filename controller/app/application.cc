#include "app/application.h"

#include <csignal>

#include "app/cluster_mode.h"
#include "app/directory_mode.h"
#include "app/host.h"
#include "app/startup.h"
#include "base/http_cpprest.h"

namespace lepton_operator::app {

using base::Result;

int run(const Options& options, base::Log& log) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader of our log that goes must not end us
  // Before a client is made, if only to try a CA file: the first one starts a pool where there is no loop.
  static_cast<void>(base::http_loop());
  const Result<invocation::Catalogue> catalogue = load_catalogue(options);
  if (!catalogue) return refuse(kWrongFlags, catalogue.error());
  if (const Result<> usable = check_ca_file(options); !usable) return refuse(kWrongFlags, usable.error());
  const std::unique_ptr<base::Random> random = base::make_system_random();
  if (options.manifests.empty()) return run_cluster_mode(options, log, *random, *catalogue);
  return run_directory_mode(options, log, *random, *catalogue);
}

}  // namespace lepton_operator::app
