#include "base/json_member.h"

#include <simdjson.h>

#include <functional>

namespace lepton_operator::base {

namespace {

namespace ondemand = simdjson::ondemand;

// A text as simdjson reads it: in a copy, since it reads a little beyond the end. What it finds is told as a part of the text itself.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text), copy_(text) {
    opened_ = parser_.iterate(copy_).get(document_) == simdjson::SUCCESS;
  }

  bool is(ondemand::json_type type) {
    ondemand::json_type found{};
    return opened_ && document_.type().get(found) == simdjson::SUCCESS && found == type;
  }

  std::optional<std::string_view> member(std::string_view name) {
    ondemand::object object;
    ondemand::value value;
    if (document_.get_object().get(object) != simdjson::SUCCESS) return std::nullopt;
    if (object.find_field_unordered(name).get(value) != simdjson::SUCCESS) return std::nullopt;
    return text_of(value);
  }

 private:
  std::optional<std::string_view> text_of(ondemand::value& value) const {
    std::string_view raw;
    // Where no value begins there is no type; asked for its text, it would give what stands there.
    if (value.type().error() != simdjson::SUCCESS || simdjson::to_json_string(value).get(raw) != simdjson::SUCCESS) return std::nullopt;
    const auto begin = static_cast<std::size_t>(raw.data() - copy_.data());
    const std::size_t last = raw.find_last_not_of(" \t\r\n");  // a scalar's has what comes before the next token
    return text_.substr(begin, last + 1);
  }

  std::string_view text_;
  simdjson::padded_string copy_;
  ondemand::parser parser_;
  ondemand::document document_;
  bool opened_ = false;
};

}  // namespace

std::optional<std::string_view> json_member(std::string_view text, std::string_view member) {
  Reader reader(text);
  if (!reader.is(ondemand::json_type::object)) return std::nullopt;
  return reader.member(member);
}

std::uint64_t text_print(std::string_view text) { return std::hash<std::string_view>{}(text); }

}  // namespace lepton_operator::base
