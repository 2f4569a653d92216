// One blocking HTTP request from a test to a server of this process.
#pragma once

#include <sstream>
#include <string>

#include <boost/asio/ip/tcp.hpp>

namespace lepton_operator::support {

struct Got {
  int status = 0;  // 0: no connection
  std::string body;
};

// `address` is host:port.
inline Got http_request(const std::string& method, const std::string& address, const std::string& path) {
  const std::size_t colon = address.rfind(':');
  boost::asio::ip::tcp::iostream stream(address.substr(0, colon), address.substr(colon + 1));
  if (!stream) return {};
  stream << method << " " << path << " HTTP/1.0\r\nHost: " << address << "\r\nConnection: close\r\n\r\n" << std::flush;
  Got got;
  std::string version;
  stream >> version >> got.status;
  for (std::string line; std::getline(stream, line) && line != "\r";) {
  }
  std::ostringstream body;
  body << stream.rdbuf();
  got.body = body.str();
  return got;
}

inline Got http_get(const std::string& address, const std::string& path) { return http_request("GET", address, path); }

}  // namespace lepton_operator::support
