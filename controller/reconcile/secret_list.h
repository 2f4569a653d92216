// The names of a workspace's secrets, read for all who ask at about the same time.
//
// There is one list and no way to ask for one name, so that each of N removals costs a list of N: whoever asks gets a list that began after
// it asked, with all others who did, and lists begin at most five times a second.
//
// Thread rule: domain thread only. Owner: the Connection. A list that fails fails all who waited for it; one whose own asker gave up is
// read again for the others.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "base/async.h"
#include "base/clock.h"
#include "lepton/client.h"

namespace lepton_operator::reconcile {

class SecretList {
 public:
  using Answer = base::Result<std::shared_ptr<const lepton::Decoded<lepton::Secret>>>;

  SecretList(boost::asio::io_context& io, base::Clock& clock, lepton::Client& client) : clock_(clock), client_(client), ended_(io) {}

  boost::asio::awaitable<Answer> read(base::Context context);

 private:
  boost::asio::awaitable<void> list(base::Context context);

  base::Clock& clock_;
  lepton::Client& client_;
  base::Signal ended_;
  bool reading_ = false;
  std::uint64_t begun_ = 0;     // lists that began
  std::uint64_t answered_ = 0;  // the latest of them that has an answer
  std::optional<base::Timestamp> began_at_;
  std::optional<Answer> answer_;
};

}  // namespace lepton_operator::reconcile
