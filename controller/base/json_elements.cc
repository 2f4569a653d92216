#include "base/json_elements.h"

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

  // Of the document, which is an array.
  std::optional<std::vector<std::string_view>> elements() {
    std::vector<std::string_view> all;
    ondemand::array array;
    if (document_.get_array().get(array) != simdjson::SUCCESS) return std::nullopt;
    for (auto element : array) {
      ondemand::value value;
      if (element.get(value) != simdjson::SUCCESS) return std::nullopt;
      const auto text = text_of(value);
      if (!text) return std::nullopt;
      all.push_back(*text);
    }
    if (document_.current_location().error() != simdjson::OUT_OF_BOUNDS) return std::nullopt;  // something follows
    return all;
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

std::optional<std::vector<std::string_view>> json_elements(std::string_view text, std::string_view member) {
  Reader reader(text);
  if (reader.is(ondemand::json_type::array)) return reader.elements();
  if (!reader.is(ondemand::json_type::object)) return std::nullopt;
  const auto array = reader.member(member);
  if (!array || !array->starts_with('[')) return std::nullopt;
  return Reader(*array).elements();
}

std::uint64_t text_print(std::string_view text) { return std::hash<std::string_view>{}(text); }

}  // namespace lepton_operator::base
