#include "base/packer.h"

#include <zlib.h>

#include <stdexcept>

namespace lepton_operator::base {

namespace {

constexpr int kRawDeflate = -15;  // the window of 32 KiB, no header and no checksum
constexpr int kLevel = 3;         // what is alike is found by any; higher ones cost more than they save
constexpr int kMemoryLevel = 6;
constexpr std::size_t kDictionary = 16 << 10;  // bytes, at most; read anew with each text
constexpr std::size_t kSmall = 6;              // a text that comes out larger than a sixth has much that the dictionary lacks
constexpr int kRenewedSeldom = 256;            // texts; so what all dictionaries take is little beside what was packed with them

Bytef* zlib_bytes(std::string_view text) { return reinterpret_cast<Bytef*>(const_cast<char*>(text.data())); }  // zlib only reads

void must(bool fine, const char* what) {
  if (!fine) throw std::runtime_error(what);
}

}  // namespace

class Packer::Deflater {
 public:
  Deflater() { must(deflateInit2(&stream_, kLevel, Z_DEFLATED, kRawDeflate, kMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK, "deflateInit2"); }
  ~Deflater() { deflateEnd(&stream_); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  std::string run(std::string_view text, const std::string& dictionary) {
    must(deflateReset(&stream_) == Z_OK, "deflateReset");
    if (!dictionary.empty()) {
      must(deflateSetDictionary(&stream_, zlib_bytes(dictionary), static_cast<uInt>(dictionary.size())) == Z_OK, "deflateSetDictionary");
    }
    buffer_.resize(deflateBound(&stream_, text.size()));
    stream_.next_in = zlib_bytes(text);
    stream_.avail_in = static_cast<uInt>(text.size());
    stream_.next_out = zlib_bytes(buffer_);
    stream_.avail_out = static_cast<uInt>(buffer_.size());
    must(deflate(&stream_, Z_FINISH) == Z_STREAM_END, "deflate");
    return {buffer_.data(), buffer_.size() - stream_.avail_out};
  }

 private:
  z_stream stream_{};
  std::string buffer_;
};

Packer::Packer() = default;
Packer::~Packer() = default;

Packed Packer::pack(std::string_view text) {
  if (!deflater_) deflater_ = std::make_unique<Deflater>();
  std::string bytes = deflater_->run(text, *dictionary_);
  ++since_renewed_;
  if (bytes.size() * kSmall > text.size() && (dictionary_->empty() || since_renewed_ >= kRenewedSeldom)) {
    renew(text);
    bytes = deflater_->run(text, *dictionary_);
  }
  return {dictionary_, std::move(bytes), static_cast<std::uint32_t>(text.size())};
}

// What came last is what comes next, most likely; of what was before, the dictionary keeps what has room.
void Packer::renew(std::string_view text) {
  std::string next = *dictionary_ + std::string(text);
  if (next.size() > kDictionary) next.erase(0, next.size() - kDictionary);
  dictionary_ = std::make_shared<const std::string>(std::move(next));
  since_renewed_ = 0;
}

std::string unpack(const Packed& packed) {
  z_stream stream{};
  must(inflateInit2(&stream, kRawDeflate) == Z_OK, "inflateInit2");
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> ended(&stream, &inflateEnd);
  const std::string& dictionary = *packed.dictionary;
  if (!dictionary.empty()) {
    must(inflateSetDictionary(&stream, zlib_bytes(dictionary), static_cast<uInt>(dictionary.size())) == Z_OK, "inflateSetDictionary");
  }
  std::string text(packed.size, '\0');
  stream.next_in = zlib_bytes(packed.bytes);
  stream.avail_in = static_cast<uInt>(packed.bytes.size());
  stream.next_out = zlib_bytes(text);
  stream.avail_out = packed.size;
  must(inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_out == 0, "inflate: these bytes were not packed here");
  return text;
}

}  // namespace lepton_operator::base
