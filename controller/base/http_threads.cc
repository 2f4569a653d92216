// Alone in its file, which is compiled with Asio's deprecated names: pplx/threadpool.h still says io_service.
#include <utility>  // Boost 1.74 forgets it

#include <algorithm>
#include <exception>
#include <stdexcept>

#include <pplx/threadpool.h>

#include "base/http_cpprest.h"

namespace lepton_operator::base {

void start_http_threads(int threads) {
  try {
    crossplat::threadpool::initialize_with_threads(static_cast<std::size_t>(std::max(threads, 1)));
  } catch (const std::exception&) {  // started already: as documented, no effect
  }
}

boost::asio::io_context& http_loop() {
  static bool without_threads = false;
  try {
    if (!without_threads) crossplat::threadpool::initialize_with_threads(0);
    without_threads = true;
  } catch (const std::runtime_error&) {
    throw std::logic_error("the loop of HTTP clients has threads already");
  }
  boost::asio::io_context& loop = crossplat::threadpool::shared_instance().service();
  loop.restart();
  return loop;
}

}  // namespace lepton_operator::base
