// What libFuzzer calls, and replay_main.cc.
#include "fuzz/promise.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lepton_operator::fuzz::try_input({reinterpret_cast<const char*>(data), size});
  return 0;
}
