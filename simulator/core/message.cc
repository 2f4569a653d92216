#include "core/message.h"

#include <algorithm>
#include <functional>

#include "base/hash.h"
#include "base/http.h"

namespace lepton_operator::simulator {
namespace {

const char* code_of(int status) {
  switch (status) {
    case 400: return "InvalidArgument";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "NotFound";
    case 405: return "MethodNotAllowed";
    case 409: return "AlreadyExists";
    case 422: return "ValidationFailed";
    case 429: return "TooManyRequests";
    case 503: return "Unavailable";
    default: return status >= 500 ? "Internal" : "Error";
  }
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<std::string> Request::parameter(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::vector<std::string> Request::parameters(std::string_view name) const {
  std::vector<std::string> found;
  for (const auto& [key, value] : query) {
    if (key == name) found.push_back(value);
  }
  return found;
}

Response json_answer(const base::Json& value, int status) { return json_text_answer(base::to_text(value), status); }

Response json_text_answer(std::string json, int status) {
  Response response;
  response.status = status;
  response.headers["content-type"] = "application/json";
  response.body = std::move(json);
  return response;
}

Response text_answer(std::string text, int status) {
  Response response;
  response.status = status;
  response.headers["content-type"] = "text/plain; charset=utf-8";
  response.body = std::move(text);
  return response;
}

Response empty_answer(int status) {
  Response response;
  response.status = status;
  return response;
}

Response error_answer(int status, const std::string& message, const std::string& field) {
  base::Json body = base::json_object();
  body["code"] = base::Json::string(code_of(status));
  body["message"] = base::Json::string(field.empty() ? message : field + ": " + message);
  if (!field.empty()) body["field"] = base::Json::string(field);
  return json_answer(body, status);
}

std::string in_every_form(const std::string& text) {
  return text + " " + base::base64_encode(text) + " " + base::encode_segment(text) + " " + base::to_text(base::Json::string(text));
}

std::string everything_sent(const Request& request) {
  std::string all;
  const auto token = request.headers.find("authorization");
  if (token != request.headers.end()) all += in_every_form(token->second) + " ";
  const std::function<void(const base::Json&)> add = [&](const base::Json& value) {
    if (value.is_string()) all += in_every_form(value.as_string()) + " ";
    for (const base::Json& item : base::elements(&value)) add(item);
    if (!value.is_object()) return;
    for (const auto& [name, member] : value.as_object()) add(member);
  };
  const auto body = base::parse_json(request.body, "body");
  if (body) add(*body);
  return all + request.body;
}

Response no_such_route() { return text_answer("404 page not found\n", 404); }

std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

std::optional<std::vector<std::string>> split_path(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    const std::size_t end = path.find('/');
    const std::string_view part = path.substr(0, end);
    if (!part.empty()) {
      auto decoded = percent_decode(part);
      if (!decoded) return std::nullopt;
      segments.push_back(std::move(*decoded));
    }
    if (end == std::string_view::npos) break;
    path.remove_prefix(end + 1);
  }
  return segments;
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    lines.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return lines;
}

std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    std::string part(query.substr(0, end));
    std::replace(part.begin(), part.end(), '+', ' ');
    if (!part.empty()) {
      const std::size_t equals = part.find('=');
      const std::string key = part.substr(0, equals);
      const std::string value = equals == std::string::npos ? "" : part.substr(equals + 1);
      pairs.emplace_back(percent_decode(key).value_or(key), percent_decode(value).value_or(value));
    }
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  return pairs;
}

bool glob(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool matches(std::string_view pattern, std::string_view text) {
  if (pattern.find_first_of("*?") != std::string_view::npos) return glob(pattern, text);
  return text.find(pattern) != std::string_view::npos;
}

}  // namespace lepton_operator::simulator
