// Reads one JSON object of a manifest field by field and collects what is wrong with it: types, bounds, fields that nobody asked for.
//
// The fields that were asked for are the fields there are; check_unknown() reports the rest ("did you mean ...?"). A null counts as absent,
// so that `nodeGroup: null` undoes a default. A reader of something that is no object reports that once and answers as if it were empty.
// Internal to invocation/. Pure; lives no longer than the JSON it reads.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "invocation/codec.h"
#include "invocation/spec.h"

namespace lepton_operator::invocation {

class ObjectReader {
 public:
  using Body = std::function<void(ObjectReader&)>;
  static constexpr std::int64_t kNoLimit = std::numeric_limits<std::int32_t>::max();

  ObjectReader(const Json& value, std::string path, std::vector<FieldError>& errors);

  bool has(const char* name);  // there and not null
  const Json* raw(const char* name);

  // Empty text counts as a mistake: "must not be empty".
  std::optional<std::string> text(const char* name);
  std::optional<std::string> possibly_empty_text(const char* name);
  std::optional<std::int64_t> whole(const char* name, std::int64_t least, std::int64_t most = kNoLimit);
  std::optional<double> number(const char* name, double least);
  std::optional<bool> boolean(const char* name);
  std::optional<Milliseconds> duration(const char* name, Milliseconds least);  // "20m"
  std::optional<std::int64_t> seconds(const char* name);                       // "1h" or 3600
  std::vector<std::string> texts(const char* name);
  Json free_object(const char* name);                                                            // {} when absent
  std::optional<std::size_t> choice(const char* name, const std::vector<std::string>& choices);  // index into `choices`

  // Calls `body` with a reader of the member object if it is there, then checks it for unknown fields.
  void object(const char* name, const Body& body);
  // Likewise for every element of a list of objects.
  void each(const char* name, std::size_t most, const Body& body);
  // Every member of an object whose names are the user's own.
  void each_text(const char* name, const std::function<void(const std::string&, const std::string&)>& body);

  void refuse(const char* name, const std::string& message);  // if it is written
  void require(const char* name, const std::string& message);
  void error(const char* name, std::string message);  // name "": the object itself
  void check_unknown();

  std::string path_of(std::string_view name) const;

 private:
  std::optional<std::string> string_member(const char* name);

  const Json& value_;
  std::string path_;
  std::vector<FieldError>& errors_;
  std::vector<std::string> known_;
};

// "a string", "a list", ...: as what a person would call the value.
std::string kind_of(const Json& value);
// The path of the first string in `value` that holds a NUL character, which no environment variable or command can carry.
bool holds_nul(const Json& value);

}  // namespace lepton_operator::invocation
