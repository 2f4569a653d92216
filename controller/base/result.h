// A value or the reason there is none: how every expected failure is returned (exceptions are for bugs and for libraries' edges).
//
// An Error says what happened, where, and whether trying again may help; its text is one sentence that a person may read. It never holds a
// secret: whoever makes one must not put a token, a header or a secret's value into it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace lepton_operator::base {

enum class ErrorKind {
  kInvalid,       // the input is wrong; trying again cannot help
  kNotFound,      // the thing does not exist (404)
  kConflict,      // exists already, or changed since it was read (409)
  kUnauthorized,  // the credentials were refused (401)
  kForbidden,     // known, but not allowed (403)
  kThrottled,     // 429; see retry_after
  kUnsupported,   // no such API here (405, 501)
  kServer,        // 5xx: whether it took effect is unknown
  kUnreachable,   // no connection was made: certainly had no effect
  kInterrupted,   // sent, but no complete answer: whether it took effect is unknown
  kTimeout,       // as kInterrupted, by our own deadline
  kCancelled,     // we stopped wanting it before it was sent
  kMalformed,     // an answer came that is not of the contract's shape; the call may have taken effect
};

// A short stable word for metrics and logs, e.g. "not_found".
const char* to_string(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::kInvalid;
  std::string what;        // "lepton answered 404 for workspace \"x\""
  std::string where = {};  // file:line:field, an object, or a URL without its query; may be empty
  int status = 0;          // HTTP status, 0 if none
  std::optional<std::chrono::milliseconds> retry_after = {};

  // "where: what", or just "what".
  std::string text() const;
  // True when the request may have taken effect although it failed.
  bool uncertain() const;
};

// What is wrong with an input, and, if `what` does not begin with it, where.
inline Error invalid(std::string what, std::string where = {}) {
  return {.kind = ErrorKind::kInvalid, .what = std::move(what), .where = std::move(where)};
}

struct Ok {};

template <class T = Ok>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Only when ok(); else std::bad_variant_access, since asking is a bug.
  const T& value() const& { return std::get<0>(state_); }
  T& value() & { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

}  // namespace lepton_operator::base
