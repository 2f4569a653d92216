#include "reconcile/connection.h"

namespace lepton_operator::reconcile {

namespace {

constexpr std::chrono::minutes kNodeGroupsServe{5};
constexpr std::chrono::seconds kNodeGroupsFresh{10};

}  // namespace

Connection::Connection(Parts parts, std::shared_ptr<base::HttpTransport> transport, lepton::Credentials credentials,
                       lepton::ClientOptions limits, lepton::ObserverOptions observing, std::function<void(const std::string&)> on_change)
    : clock_(parts.clock),
      client_(std::move(transport), std::move(credentials), parts.clock, parts.random, std::move(limits)),
      observer_(parts.io, client_, parts.clock, parts.random, std::move(observing), std::move(on_change)),
      secrets_(parts.io, parts.clock, client_) {}

boost::asio::awaitable<base::Result<>> Connection::read_node_groups(base::Context context) {
  if (node_groups_read_ && clock_.now() - *node_groups_read_ < kNodeGroupsFresh) co_return base::Ok{};
  const base::Timestamp began = clock_.now();
  const auto listed = co_await client_.list_node_groups(context);
  if (!listed) co_return listed.error();
  node_groups_.clear();
  for (const lepton::NodeGroup& group : listed->items) node_groups_[group.id] = group.name;
  node_groups_read_ = began;
  co_return base::Ok{};
}

std::optional<std::map<std::string, std::string>> Connection::node_groups() const {
  if (!node_groups_read_ || clock_.now() - *node_groups_read_ >= kNodeGroupsServe) return std::nullopt;
  return node_groups_;
}

std::string transport_url(const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  return url.substr(0, url.find('/', scheme + 3));
}

}  // namespace lepton_operator::reconcile
