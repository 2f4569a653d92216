// An io_context that runs on a thread of its own, as the domain's does in the operator.
#pragma once

#include <functional>
#include <future>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace lepton_operator::support {

class DomainThread {
 public:
  DomainThread() : work_(io.get_executor()), thread_([this] { io.run(); }) {}
  ~DomainThread() {
    work_.reset();
    io.stop();
    thread_.join();
  }

  // Runs on the domain thread; returns when done.
  void run(std::function<void()> what) {
    std::promise<void> done;
    boost::asio::post(io, [&what, &done] {
      what();
      done.set_value();
    });
    done.get_future().wait();
  }

  boost::asio::io_context io;

 private:
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

}  // namespace lepton_operator::support
