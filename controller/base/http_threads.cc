// Alone in its file, which is compiled with Asio's deprecated names: pplx/threadpool.h still says io_service.
#include <utility>  // Boost 1.74 forgets it

#include <algorithm>
#include <exception>

#include <pplx/threadpool.h>

#include "base/http_cpprest.h"

namespace lepton_operator::base {

void start_http_threads(int threads) {
  try {
    crossplat::threadpool::initialize_with_threads(static_cast<std::size_t>(std::max(threads, 1)));
  } catch (const std::exception&) {  // started already: as documented, no effect
  }
}

}  // namespace lepton_operator::base
