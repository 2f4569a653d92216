// Tokens from an exec plugin: run when there is none, when it nears its end (10 s) and after a refusal; one run serves all who wait for it.
//
// The child runs on a helper thread, which the destructor stops and joins. Thread rule: domain thread only. Fails with one sentence that
// never repeats the plugin's output; kInvalid when it cannot be started.
#pragma once

#include <memory>

#include "kube/token.h"

namespace lepton_operator::kube {

// `config.exec` must be set.
std::unique_ptr<TokenSource> make_exec_token_source(boost::asio::io_context& io, base::Clock& clock, const ClusterConfig& config);

}  // namespace lepton_operator::kube
