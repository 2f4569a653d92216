// The bearer token of the moment: a fixed one, a file that the kubelet rotates, or what an exec plugin prints, kept until it expires.
//
// Thread rule: domain thread only. Owned by Api. A plugin runs as a child process without a terminal; its output is a secret.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "base/clock.h"
#include "base/context.h"
#include "kube/config.h"

namespace lepton_operator::kube {

class TokenSource {
 public:
  virtual ~TokenSource() = default;
  // Empty when we authenticate otherwise.
  virtual boost::asio::awaitable<base::Result<std::string>> token(base::Context context) = 0;
  virtual void refused() = 0;  // a 401 was answered to it: the next token() gets a new one if there may be one
};

std::unique_ptr<TokenSource> make_token_source(boost::asio::io_context& io, base::Clock& clock, const ClusterConfig& config);

}  // namespace lepton_operator::kube
