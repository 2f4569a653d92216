// Every call of the operator passes here on its way to a server: it is counted, and the one that a case aims at meets its fault.
//
// Thread rule: the World's. Owner: the World; transports that it gave out end with their process.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/http.h"
#include "base/time.h"
#include "faults/fault.h"

namespace lepton_operator::faults {

using base::Context;
using base::HttpRequest;
using base::HttpResponse;
using base::Result;
using base::Timestamp;

// What the wire needs of the world around it.
struct Surroundings {
  std::function<Timestamp()> now;
  std::function<void(base::Milliseconds in, std::function<void()> what)> later;
  // Takes effect at once, on whichever server.
  std::function<HttpResponse(Side side, const HttpRequest& request)> commit;
  std::function<std::unique_ptr<base::HttpStream>(const HttpRequest& request)> watch;
  // What the rules see: a request leaves a process; it was answered.
  std::function<void(Side side, const HttpRequest& request)> sent;
  std::function<void(Side side, const HttpRequest& request, const HttpResponse* response)> answered;
};

class Wire {
 public:
  Wire(Surroundings around, Aim aim) : around_(std::move(around)), aim_(aim) {}

  // A process's way to one of the servers. `crash` ends the process: it is called at most once, and nothing of it comes through afterwards.
  // `cut_off_until` is the process's: until then nothing of it reaches Kubernetes.
  std::shared_ptr<base::HttpTransport> transport(boost::asio::io_context& io, Side side, std::function<void()> crash,
                                                 std::shared_ptr<Timestamp> cut_off_until);

  const std::vector<Call>& calls() const { return calls_; }
  bool met() const { return met_; }  // the aim was reached
  int writes() const { return writes_; }
  // From now on no call meets a fault.
  void mend() { aim_ = {}; }

 private:
  class Transport;
  class Stream;

  int begin(Side side, const HttpRequest& request, bool watch);
  Fault fault_at(int number);
  // In the while of a 401 or a 404.
  std::optional<HttpResponse> refusal(Side side) const;
  HttpResponse answer(Side side, const HttpRequest& request);  // takes effect, unless an old list is shown
  void freeze_lists();
  std::string key_of(const HttpRequest& request) const;

  Surroundings around_;
  Aim aim_;
  std::vector<Call> calls_;
  bool met_ = false;
  int writes_ = 0;
  Fault lasting_ = Fault::kNone;
  Side lasting_side_ = Side::kLepton;
  Timestamp lasts_until_{};
  std::map<std::string, HttpRequest> lists_;    // that were asked for, of Lepton
  std::map<std::string, HttpResponse> frozen_;  // what they say until frozen_until_
  Timestamp frozen_until_{};
  Timestamp silent_until_{};  // watches
};

}  // namespace lepton_operator::faults
