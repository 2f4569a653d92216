// The simulator behind the operator's own HTTP interface, for tests in one process: no socket, no thread, injected time.
//
// A fault hook may decide about each call: answer something else, lose the request before it takes effect, or lose the reply after. A
// reply that the simulator holds back (Simulator::add_hold) is awaited until release() or the context's end (kTimeout, or kInterrupted
// when it was cancelled: the request stays committed or will be, as the hold says).
//
// Thread rule: domain thread only. The simulator must outlive it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include <boost/asio/io_context.hpp>

#include "base/async.h"
#include "base/http.h"
#include "core/simulator.h"

namespace lepton_operator::simulator {

struct Fault {
  enum class What {
    kUnreachable,        // no connection: nothing happened
    kLostRequest,        // kInterrupted, and it did not take effect
    kLostReply,          // kInterrupted, and it did
    kStatus,             // answered with `status`, without effect
    kStatusAfterCommit,  // likewise, but it took effect
  };
  What what = What::kUnreachable;
  int status = 503;
  std::optional<std::string> retry_after = {};
};

class SimulatorTransport final : public base::HttpTransport {
 public:
  using Hook = std::function<std::optional<Fault>(const base::HttpRequest&)>;

  SimulatorTransport(boost::asio::io_context& io, Simulator& simulator);

  void on_call(Hook hook) { hook_ = std::move(hook); }
  boost::asio::awaitable<base::Result<base::HttpResponse>> send(base::Context context, base::HttpRequest request) override;

  // Lets held replies go; those who wait for them resume.
  void release();

 private:
  base::Result<base::HttpResponse> answered(const base::HttpRequest& request, const std::optional<Fault>& fault,
                                            std::optional<std::uint64_t>& held);
  void collect_released();

  Simulator& simulator_;
  base::Signal released_signal_;
  std::map<std::uint64_t, Response> released_;
  Hook hook_;
};

}  // namespace lepton_operator::simulator
