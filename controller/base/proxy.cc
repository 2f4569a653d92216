#include "base/proxy.h"

#include <charconv>
#include <vector>

#include <boost/asio/ip/address.hpp>
#include <cpprest/base_uri.h>

#include "base/strings.h"

namespace lepton_operator::base {

namespace {

namespace ip = boost::asio::ip;

std::string variable(const Environment& environment, std::string_view name) {
  for (const std::string& spelling : {std::string(name), lower(name)}) {
    const char* value = environment(spelling.c_str());
    if (value != nullptr && *value != '\0') return value;
  }
  return "";
}

std::vector<unsigned char> bytes_of(const ip::address& address) {
  if (address.is_v4()) {
    const auto bytes = address.to_v4().to_bytes();
    return {bytes.begin(), bytes.end()};
  }
  const auto bytes = address.to_v6().to_bytes();
  return {bytes.begin(), bytes.end()};
}

bool in_network(const ip::address& address, std::string_view network) {
  const auto slash = network.find('/');
  if (slash == std::string_view::npos) return false;
  boost::system::error_code failure;
  const auto base = ip::make_address(std::string(network.substr(0, slash)), failure);
  std::size_t bits = 0;
  const std::string_view length = network.substr(slash + 1);
  const auto parsed = std::from_chars(length.data(), length.data() + length.size(), bits);
  if (failure || parsed.ec != std::errc{} || base.is_v4() != address.is_v4()) return false;
  const auto wanted = bytes_of(base);
  const auto actual = bytes_of(address);
  if (bits > wanted.size() * 8) return false;
  for (std::size_t i = 0; i < wanted.size() && bits > 0; ++i) {
    const std::size_t here = std::min<std::size_t>(bits, 8);
    const auto mask = static_cast<unsigned char>(0xFF00u >> here);
    if ((wanted[i] & mask) != (actual[i] & mask)) return false;
    bits -= here;
  }
  return true;
}

// One entry of NO_PROXY: "*", a host, a domain (with or without its leading point), an address, a network; each perhaps with a port.
bool entry_matches(std::string_view entry, std::string_view host, int port) {
  while (entry.starts_with(' ')) entry.remove_prefix(1);
  while (entry.ends_with(' ')) entry.remove_suffix(1);
  if (entry.empty()) return false;
  if (entry == "*") return true;
  boost::system::error_code not_an_address;
  const auto address = ip::make_address(std::string(host), not_an_address);
  if (!not_an_address && in_network(address, entry)) return true;
  const auto colon = entry.rfind(':');
  if (colon != std::string_view::npos && entry.find(':') == colon) {
    if (entry.substr(colon + 1) != std::to_string(port)) return false;
    entry = entry.substr(0, colon);
  }
  if (entry.starts_with("*.")) entry.remove_prefix(1);
  if (entry.starts_with('.')) return host.ends_with(entry) || host == entry.substr(1);
  return host == entry || (not_an_address && host.ends_with("." + std::string(entry)));
}

bool is_local(const std::string& host) {
  boost::system::error_code not_an_address;
  const auto address = ip::make_address(host, not_an_address);
  return host == "localhost" || (!not_an_address && address.is_loopback());
}

}  // namespace

Result<std::optional<Proxy>> proxy_for(std::string_view scheme, std::string_view host, int port, const Environment& environment) {
  const std::string name = scheme == "https" ? "HTTPS_PROXY" : "HTTP_PROXY";
  std::string value = variable(environment, name);
  const std::string server = lower(host);
  if (value.empty() || is_local(server)) return std::optional<Proxy>{};
  std::string_view exceptions;
  const std::string no_proxy = lower(variable(environment, "NO_PROXY"));
  for (exceptions = no_proxy; !exceptions.empty();) {
    const auto comma = exceptions.find(',');
    if (entry_matches(exceptions.substr(0, comma), server, port)) return std::optional<Proxy>{};
    exceptions.remove_prefix(comma == std::string_view::npos ? exceptions.size() : comma + 1);
  }
  if (value.find("://") == std::string::npos) value = "http://" + value;
  try {
    const web::uri uri(value);
    const bool odd_port = !uri.host().starts_with('[') && uri.host().find(':') != std::string::npos;  // it takes "p:x" for a host
    if (uri.scheme() != "http" || uri.host().empty() || odd_port) {
      return Error{.kind = ErrorKind::kInvalid, .what = "only a proxy of the form http://host:port is supported", .where = name};
    }
    Proxy proxy;
    proxy.url = "http://" + uri.host() + (uri.port() > 0 ? ":" + std::to_string(uri.port()) : "");
    const std::string who = uri.user_info();
    const auto colon = who.find(':');
    proxy.user = web::uri::decode(who.substr(0, colon));
    if (colon != std::string::npos) proxy.password = web::uri::decode(who.substr(colon + 1));
    return std::optional<Proxy>{std::move(proxy)};
  } catch (const std::exception&) {  // the library's edge; its message would repeat the value, password included
    return Error{.kind = ErrorKind::kInvalid, .what = "is not a URL", .where = name};
  }
}

}  // namespace lepton_operator::base
