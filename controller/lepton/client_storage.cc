// Storage (docs/lepton-api.md, section 8): the one place where a request removes files, so what it may address is checked here too.
#include <algorithm>
#include <optional>

#include "lepton/client.h"

namespace lepton_operator::lepton {

using base::Error;
using base::ErrorKind;
using base::Method;

namespace {

bool dots_or_empty(std::string_view segment) { return segment.empty() || segment == "." || segment == ".."; }

// "/a/b" -> "a/b", each segment encoded. Nothing for a path that is not absolute, is the root, or holds "", "." or "..".
std::optional<std::string> encoded_path(const std::string& path) {
  if (path.size() < 2 || path.front() != '/') return std::nullopt;
  std::string encoded;
  std::size_t start = 1;
  while (start <= path.size()) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string_view segment(path.data() + start, end - start);
    if (dots_or_empty(segment)) return std::nullopt;
    encoded += "/" + base::encode_segment(segment);
    start = end + 1;
  }
  return encoded;
}

std::optional<std::string> storage_route(const std::string& file_system, const std::string& path) {
  if (dots_or_empty(file_system) || file_system.find('/') != std::string::npos) return std::nullopt;
  const std::optional<std::string> below = encoded_path(path);
  if (!below) return std::nullopt;
  return "/storage/" + base::encode_segment(file_system) + *below;
}

Error refused(const std::string& file_system, const std::string& path) {
  return Error{ErrorKind::kInvalid, "\"" + path + "\" of file system \"" + file_system + "\" is no path below it that may be addressed"};
}

}  // namespace

Answer<std::vector<std::string>> Client::list_file_systems(Context context) {
  Call request = call(Method::kGet, "/storage");
  Result<Json> body = co_await send_json(context, std::move(request));
  if (!body) co_return body.error();
  co_return decode_file_systems(*body);
}

Answer<bool> Client::storage_exists(Context context, std::string file_system, std::string path) {
  const std::optional<std::string> route = storage_route(file_system, path);
  if (!route) co_return refused(file_system, path);
  Call request = call(Method::kHead, *route);
  const std::string asked = request.asked;
  Result<base::HttpResponse> response = co_await send(context, std::move(request));
  if (!response && response.error().kind == ErrorKind::kNotFound) co_return false;
  if (!response) co_return response.error();
  if (response->status == 200) co_return true;  // 200 exactly: anything else proves nothing
  Error error{ErrorKind::kMalformed, "lepton answered " + std::to_string(response->status) + " to " + asked};
  error.status = response->status;
  co_return error;
}

Answer<std::string> Client::read_file(Context context, std::string file_system, std::string path) {
  const std::optional<std::string> route = storage_route(file_system, path);
  if (!route) co_return refused(file_system, path);
  Call request = call(Method::kGet, *route);
  Result<base::HttpResponse> response = co_await send(context, std::move(request));
  if (!response) co_return response.error();
  co_return std::move(response->body);
}

Answer<> Client::remove_directory(Context context, std::string file_system, std::string path) {
  const std::optional<std::string> route = storage_route(file_system, path);
  if (!route) co_return refused(file_system, path);
  Call request = call(Method::kDelete, *route);
  request.request.query.emplace_back("removeall", "true");
  const Result<base::HttpResponse> response = co_await send(context, std::move(request));
  if (!response) co_return response.error();
  co_return Ok{};
}

}  // namespace lepton_operator::lepton
