// Randomness, injected, so that every test is repeatable. Thread rule: domain thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace lepton_operator::base {

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;

  double unit();                       // [0, 1)
  std::string hex(std::size_t bytes);  // lower-case, two digits a byte
  std::string uuid();                  // version 4
};

std::unique_ptr<Random> make_system_random();                    // OpenSSL's
std::unique_ptr<Random> make_seeded_random(std::uint64_t seed);  // for tests and simulations

}  // namespace lepton_operator::base
