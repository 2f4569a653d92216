// /healthz: 200 while the domain thread answers within `patience`. /readyz: 200 while `ready` says so there. Else 503 with a sentence.
//
// Thread rule: `ready` is called on the domain thread; the pages wait for it, so they are called on any other.
#pragma once

#include <functional>

#include <boost/asio/io_context.hpp>

#include "base/time.h"
#include "metrics/web_server.h"

namespace lepton_operator::app {

metrics::WebServer::Pages health_pages(boost::asio::io_context& domain, std::function<bool()> ready,
                                       base::Milliseconds patience = base::Milliseconds(5'000));

}  // namespace lepton_operator::app
