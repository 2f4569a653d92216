// Before the operator is uninstalled: which Invocations still need it? The chart's pre-delete hook asks (`lepton-operator guard`).
//
// Domain thread. What passes (an API server that is away) is asked again until the context ends. kConflict when there are Invocations: the
// error's text is for the person who uninstalls.
#pragma once

#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/random.h"
#include "kube/api.h"

namespace lepton_operator::app {

// In these namespaces, in all when empty. The value is a sentence, too.
boost::asio::awaitable<base::Result<std::string>> guard(base::Context context, kube::Api& api, base::Random& random,
                                                        std::vector<std::string> namespaces);

}  // namespace lepton_operator::app
