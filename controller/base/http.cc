#include "base/http.h"

#include <charconv>
#include <ctime>

namespace lepton_operator::base {

const char* to_string(Method method) {
  switch (method) {
    case Method::kGet: return "GET";
    case Method::kHead: return "HEAD";
    case Method::kPost: return "POST";
    case Method::kPut: return "PUT";
    case Method::kPatch: return "PATCH";
    case Method::kDelete: return "DELETE";
  }
  __builtin_unreachable();
}

boost::asio::awaitable<Result<std::unique_ptr<HttpStream>>> HttpTransport::open(Context, HttpRequest request) {
  const std::string what = "this transport has no answers that are read while they come";
  co_return Error{.kind = ErrorKind::kUnsupported, .what = what, .where = request.path};
}

void give_rest(HttpResponse& response, BodyReader& reader) {
  if (!response.body.empty()) reader.take(std::exchange(response.body, {}));
}

std::string encode_segment(std::string_view segment) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text;
  for (const char c : segment) {
    const bool unreserved =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      text += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      text += '%';
      text += kDigits[byte >> 4];
      text += kDigits[byte & 15];
    }
  }
  return text;
}

std::string encode_query(const std::vector<std::pair<std::string, std::string>>& query) {
  std::string text;
  for (const auto& [name, value] : query) {
    if (!text.empty()) text += '&';
    text += encode_segment(name) + "=" + encode_segment(value);
  }
  return text;
}

std::optional<Milliseconds> parse_retry_after(std::string_view value, Timestamp now) {
  const auto first = value.find_first_not_of(" \t");
  if (first == std::string_view::npos) return std::nullopt;
  value = value.substr(first, value.find_last_not_of(" \t") - first + 1);
  if (value.find_first_not_of("0123456789") == std::string_view::npos) {
    constexpr std::size_t kMostDigits = 9;  // 31 years: enough, and cannot overflow
    if (value.size() > kMostDigits) return std::nullopt;
    std::int64_t seconds = 0;
    std::from_chars(value.data(), value.data() + value.size(), seconds);
    return std::chrono::seconds{seconds};
  }
  // The three forms that a recipient must take; the last two are historic.
  const std::string text(value);
  for (const char* form : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"}) {
    std::tm parts{};
    const char* end = ::strptime(text.c_str(), form, &parts);
    if (end == nullptr || *end != '\0') continue;
    const Timestamp at{std::chrono::seconds{::timegm(&parts)}};
    return std::max(at - now, Milliseconds{0});
  }
  return std::nullopt;
}

}  // namespace lepton_operator::base
