#include "base/random.h"

#include <random>
#include <stdexcept>

#include <openssl/rand.h>

namespace lepton_operator::base {

namespace {

class SystemRandom final : public Random {
 public:
  std::uint64_t next() override {
    std::uint64_t value = 0;
    // Tokens are made of this: a weaker source must not silently stand in.
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&value), sizeof value) != 1) throw std::runtime_error("no randomness from OpenSSL");
    return value;
  }
};

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t next() override { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

}  // namespace

double Random::unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

std::string Random::hex(std::size_t bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes * 2);
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    if (i % 8 == 0) word = next();
    text += kDigits[word >> 4 & 15];
    text += kDigits[word & 15];
    word >>= 8;
  }
  return text;
}

std::string Random::uuid() {
  std::string digits = hex(16);
  digits[12] = '4';
  const auto variant = digits[16];
  digits[16] = "89ab"[(variant <= '9' ? variant - '0' : variant - 'a' + 10) & 3];
  return digits.substr(0, 8) + "-" + digits.substr(8, 4) + "-" + digits.substr(12, 4) + "-" + digits.substr(16, 4) + "-" +
         digits.substr(20);
}

std::unique_ptr<Random> make_system_random() { return std::make_unique<SystemRandom>(); }
std::unique_ptr<Random> make_seeded_random(std::uint64_t seed) { return std::make_unique<SeededRandom>(seed); }

}  // namespace lepton_operator::base
