// What happened, version by version, and who watches it. Thread rule: the ApiServer's; streams may outlive it.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/async.h"
#include "base/http.h"
#include "fakeapi/place.h"

namespace lepton_operator::fakeapi {

class History {
 public:
  explicit History(boost::asio::io_context& io) : io_(io), paused_(std::make_shared<bool>(false)) {}

  void add(long version, const std::string& path, std::string line);
  void forget(long until);
  void pause(bool paused);
  void close_all();
  // A stream of what comes after `since`, for `timeout` (0: for ever). Of what was forgotten it begins with an error, as the real one does.
  std::unique_ptr<base::HttpStream> watch(Place place, std::string field_selector, long since, std::chrono::seconds timeout);

 private:
  struct Event {
    long version;
    std::string path;
    std::string line;
  };
  struct Watch;
  class Stream;

  std::vector<std::shared_ptr<Watch>> alive();

  boost::asio::io_context& io_;
  std::shared_ptr<bool> paused_;
  std::deque<Event> events_;
  std::vector<std::weak_ptr<Watch>> watches_;
  long forgotten_ = 0;
};

}  // namespace lepton_operator::fakeapi
