// A list in a JSON text that comes in pieces: each element's own text as soon as it is whole, and at the end the text around them. So the
// text of a list need not stand in memory, much less its tree, and whoever knows an element by its text need not parse it again.
//
// Only where elements begin and end is told here: their own errors show when they are parsed, those between and around them when rest() is.
//
// Thread rule: its owner's. Owner: whoever reads an answer; element() must not keep what it is given.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/http.h"

namespace lepton_operator::base {

class JsonListReader : public BodyReader {
 public:
  // The list is what the text is, or the member of that name where the text is an object.
  explicit JsonListReader(std::string member) : key_("\"" + member + "\"") {}

  void take(std::string_view bytes) final;

  // Whether there was a list and it came to its end.
  bool found() const { return state_ == State::kAfter; }
  // The whole text but for what stood in the list. It is JSON if, elements aside, the whole is; one that broke off is none.
  const std::string& rest() const { return rest_; }

 protected:
  virtual void element(std::string_view text) = 0;

 private:
  enum class State { kBefore, kBetween, kWithin, kAfter };

  // Where in a text its next byte is.
  struct Place {
    int depth = 0;
    bool in_string = false;
    bool escaped = false;

    // Passes over the rest of a string: up to where it ended, or all of it.
    std::size_t skip_string(std::string_view bytes);
    void open_or_close(char c);
    std::size_t end_of(std::string_view bytes, bool first);
  };

  std::size_t take_rest(std::string_view bytes);
  std::size_t take_between(std::string_view bytes);
  std::size_t take_element(std::string_view bytes);
  bool opens_list() const;

  const std::string key_;
  State state_ = State::kBefore;
  Place place_;           // around the list
  Place within_;          // an element
  bool comma_ = false;    // between: one was there, so that an element has to follow
  bool several_ = false;  // between: an element was there, so that a comma has to follow
  std::string begun_;     // of an element, before these bytes
  std::string rest_;
};

}  // namespace lepton_operator::base
