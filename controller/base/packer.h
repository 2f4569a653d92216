// Texts that are much alike, kept small: each compressed against a dictionary made of earlier ones (zlib, raw deflate).
//
// Ten thousand objects of one kind differ in names, ids and times; what they have in common stands in memory once, whatever it is. The
// dictionary is made of texts that did not come out small, renewed seldom, and lives as long as anything packed with it.
//
// Thread rule: one thread for each Packer; unpack() from any. Fails only with exceptions: for want of memory, or bytes that pack() did not
// make, which is a bug.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace lepton_operator::base {

struct Packed {
  std::shared_ptr<const std::string> dictionary;
  std::string bytes;
  std::uint32_t size = 0;  // of the text
};

std::string unpack(const Packed& packed);

class Packer {
 public:
  Packer();
  ~Packer();

  Packed pack(std::string_view text);

 private:
  class Deflater;

  void renew(std::string_view text);

  std::unique_ptr<Deflater> deflater_;  // made when it is first needed
  std::shared_ptr<const std::string> dictionary_ = std::make_shared<const std::string>();
  int since_renewed_ = 0;
};

}  // namespace lepton_operator::base
