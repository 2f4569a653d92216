// What crosses the simulator's boundary: a request as it came off the wire, and the answer to it. Value types, pure helpers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace lepton_operator::simulator {

struct Request {
  std::string method;                                      // "GET"
  std::string path;                                        // as sent: segments still percent-encoded, without the query
  std::vector<std::pair<std::string, std::string>> query;  // decoded
  std::map<std::string, std::string> headers;              // names in lower case
  std::string body;

  std::optional<std::string> parameter(std::string_view name) const;  // the first of that name
  std::vector<std::string> parameters(std::string_view name) const;   // all of that name
};

// A log that is still being written.
struct RunningLog {
  std::string workload;      // a job's id, or an endpoint's name
  std::string replica = {};  // of an endpoint

  bool operator==(const RunningLog&) const = default;
};

struct Response {
  int status = 200;
  std::map<std::string, std::string> headers;
  std::string body;
  // Set when the reply is held back: ask Simulator::take_released() for the final answer of this ticket.
  std::optional<std::uint64_t> held;
  // Set when the body is the beginning of such a log: Simulator::log_after() has what comes, until it is over.
  std::optional<RunningLog> goes_on;
};

Response json_answer(const base::Json& value, int status = 200);
Response json_text_answer(std::string json, int status = 200);  // of what is JSON text already
Response text_answer(std::string text, int status = 200);
Response empty_answer(int status = 200);
// {"code": "...", "message": "..."}; `field` is named as well when there is one.
Response error_answer(int status, const std::string& message, const std::string& field = "");
// What a careless server says of a request that it does not serve: everything it was sent, each text also in Base64 and percent-encoded.
std::string everything_sent(const Request& request);
// A text as careless logs show it: as it is, in Base64, percent-encoded, and inside of JSON.
std::string in_every_form(const std::string& text);
// What a server without such a route says: plain text.
Response no_such_route();

// Segments, decoded; nothing when an escape is malformed or a segment holds a NUL. "/a//b/" has the segments a and b.
std::optional<std::vector<std::string>> split_path(std::string_view path);
std::optional<std::string> percent_decode(std::string_view text);
// As many lines as there are ends of lines, and one.
std::vector<std::string> split_lines(const std::string& text);
// The pairs of "a=1&b=2"; "+" is a space.
std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);

// `pattern` with "*" (any run of characters, "/" too) and "?". Without either, matches() means "contains" and glob() means "equals".
bool glob(std::string_view pattern, std::string_view text);
bool matches(std::string_view pattern, std::string_view text);

}  // namespace lepton_operator::simulator
