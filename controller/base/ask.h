// A question from a foreign thread (a scrape, a probe) to the domain thread, with a deadline.
//
// Posts `answer` to the domain's io_context and waits. Nothing when the domain did not answer in time, threw, or ended; an answer that
// comes too late is dropped. Thread rule: never on the domain thread (it would wait for itself).
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace lepton_operator::base {

template <class T>
std::optional<T> ask(boost::asio::io_context& domain, std::chrono::milliseconds patience, std::function<T()> answer) {
  const auto promise = std::make_shared<std::promise<T>>();
  std::future<T> future = promise->get_future();
  boost::asio::post(domain, [promise, answer = std::move(answer)] {
    try {
      promise->set_value(answer());
    } catch (...) {  // the asker's edge: it gets nothing, and the domain goes on
      promise->set_exception(std::current_exception());
    }
  });
  if (future.wait_for(patience) != std::future_status::ready) return std::nullopt;
  try {
    return future.get();
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace lepton_operator::base
