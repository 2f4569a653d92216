// A workspace as one pair of credentials reaches it: transport, client, observer. Changed credentials make a new Connection; what was begun
// on the old one ends on it.
//
// Thread rule: domain thread only. Shared by the Workspaces and by actions under way. Client and observer report errors as values.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "lepton/client.h"
#include "lepton/observer.h"
#include "reconcile/secret_list.h"

namespace lepton_operator::reconcile {

class Connection {
 public:
  struct Parts {
    boost::asio::io_context& io;
    base::Clock& clock;
    base::Random& random;
  };

  Connection(Parts parts, std::shared_ptr<base::HttpTransport> transport, lepton::Credentials credentials, lepton::ClientOptions limits,
             lepton::ObserverOptions observing, std::function<void(const std::string& owner)> on_change);

  lepton::Client& client() { return client_; }
  lepton::Observer& observer() { return observer_; }
  SecretList& secrets() { return secrets_; }
  const lepton::Credentials& credentials() const { return client_.credentials(); }

  // Asks Lepton unless that was done in the last 10 s.
  boost::asio::awaitable<base::Result<>> read_node_groups(base::Context context);
  // id -> name, while read within the last 5 minutes.
  std::optional<std::map<std::string, std::string>> node_groups() const;

 private:
  base::Clock& clock_;
  lepton::Client client_;
  lepton::Observer observer_;
  SecretList secrets_;
  std::map<std::string, std::string> node_groups_;
  std::optional<base::Timestamp> node_groups_read_;
};

// "https://host:1/api/v2/workspaces/x" -> "https://host:1": what a transport is made for.
std::string transport_url(const std::string& url);

}  // namespace lepton_operator::reconcile
