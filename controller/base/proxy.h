// Which proxy a server is reached through, by the environment variables that curl and Go obey. Pure but for the lookup that is passed in.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lepton_operator::base {

struct Proxy {
  std::string url;  // without its credentials
  std::string user;
  std::string password;
};

// Environment by name; null when unset, as std::getenv.
using Environment = std::function<const char*(const char*)>;

// Nothing when the server is to be reached directly. kInvalid when the variable cannot be used; the error does not repeat its value.
Result<std::optional<Proxy>> proxy_for(std::string_view scheme, std::string_view host, int port, const Environment& environment);

}  // namespace lepton_operator::base
