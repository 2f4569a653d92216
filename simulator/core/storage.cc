#include "core/storage.h"

#include <algorithm>

#include "core/routing.h"

namespace lepton_operator::simulator {
namespace {

using base::Json;

constexpr const char* kShared = "lepton-shared-fs";
constexpr const char* kLiteralShared = "node-nfs:lepton-shared-fs";

// The content of the multipart field "file"; nothing when the body has none.
std::optional<std::string> uploaded_file(const Request& request) {
  const auto type = request.headers.find("content-type");
  if (type == request.headers.end() || !type->second.starts_with("multipart/form-data")) return std::nullopt;
  const std::size_t at = type->second.find("boundary=");
  if (at == std::string::npos) return std::nullopt;
  std::string boundary = type->second.substr(at + 9);
  boundary = boundary.substr(0, boundary.find(';'));
  if (boundary.size() >= 2 && boundary.front() == '"') boundary = boundary.substr(1, boundary.size() - 2);
  const std::size_t field = request.body.find("name=\"file\"");
  if (field == std::string::npos || !request.body.starts_with("--" + boundary)) return std::nullopt;
  const std::size_t begin = request.body.find("\r\n\r\n", field);
  const std::size_t end = request.body.find("\r\n--" + boundary, field);
  if (begin == std::string::npos || end == std::string::npos || begin + 4 > end) return std::nullopt;
  return request.body.substr(begin + 4, end - begin - 4);
}

std::optional<std::string> path_of(const std::vector<std::string>& rest) {
  std::string path = "/";
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i].find('/') != std::string::npos) return std::nullopt;  // an escaped slash is no path of ours
    path += rest[i] + "/";
  }
  return clean_path(path);
}

}  // namespace

std::vector<std::string> Storage::file_systems() const {
  switch (world_.options.storage_api) {
    case StorageApi::kName:
    case StorageApi::kOtherVolume: return {"default", kShared};
    case StorageApi::kLiteral: return {"default", kLiteralShared};
    case StorageApi::kAbsent: return {};
  }
  __builtin_unreachable();
}

Volume* Storage::served(const std::string& file_system) {
  const auto known = file_systems();
  if (std::find(known.begin(), known.end(), file_system) == known.end()) return nullptr;
  if (file_system == kShared && world_.options.storage_api == StorageApi::kOtherVolume) return &world_.other_volume;
  return world_.mounted(file_system);
}

Response Storage::handle(const Request& request, const std::vector<std::string>& rest) {
  if (world_.options.storage_api == StorageApi::kAbsent) return no_such_route();
  if (auto refusal = refuse_unknown_query(request, {"removeall"})) return *refusal;
  if (rest.empty()) return request.method == "GET" ? list_file_systems() : method_not_allowed(request);
  if (rest.size() == 1 && rest[0] == "du" && request.method == "GET") return usage();
  Volume* volume = served(rest[0]);
  if (volume == nullptr) return error_answer(404, "file system \"" + rest[0] + "\" not found");
  const auto path = path_of(rest);
  if (!path) return error_answer(400, "the path must not contain \".\" or \"..\"");
  if (request.method == "GET") return get(*volume, *path);
  if (request.method == "HEAD") return empty_answer(volume->exists(*path) ? 200 : 404);
  if (request.method == "PUT") {
    if (!volume->make_directory(*path)) return error_answer(409, "a file of that name exists");
    return empty_answer();
  }
  if (request.method == "POST") return upload(*volume, *path, request);
  if (request.method == "DELETE") return remove(*volume, *path, request.parameter("removeall") == "true");
  return method_not_allowed(request);
}

Response Storage::list_file_systems() {
  std::vector<Json> items;
  for (const std::string& name : file_systems()) {
    Json item = base::json_object();
    item["metadata"] = base::json_object();
    item["metadata"]["id"] = text(name);
    item["metadata"]["name"] = text(name);
    item["status"] = base::json_object();
    item["status"]["total_usage_bytes"] = Json::number(static_cast<std::int64_t>(served(name)->bytes()));
    items.push_back(std::move(item));
  }
  return json_answer(Json::array(items));
}

Response Storage::usage() {
  Json value = base::json_object();
  value["status"] = base::json_object();
  value["status"]["total_usage_bytes"] = Json::number(static_cast<std::int64_t>(served("default")->bytes()));
  return json_answer(value);
}

Response Storage::get(Volume& volume, const std::string& path) const {
  if (const std::string* content = volume.read(path)) {
    Response response = text_answer(*content);
    response.headers["content-type"] = "application/octet-stream";
    return response;
  }
  if (!volume.is_directory(path)) return error_answer(404, path + " not found");
  std::vector<Json> items;
  for (const Volume::Entry& entry : volume.list(path)) {
    Json item = base::json_object();
    item["type"] = text(entry.directory ? "dir" : "file");
    item["name"] = text(entry.name);
    item["path"] = text((path == "/" ? "" : path) + "/" + entry.name);
    items.push_back(std::move(item));
  }
  return json_answer(Json::array(items));
}

Response Storage::upload(Volume& volume, const std::string& path, const Request& request) {
  auto content = uploaded_file(request);
  if (!content) return error_answer(400, "an upload is multipart/form-data with the field \"file\"");
  if (!volume.write(path, std::move(*content))) return error_answer(409, "a directory of that name exists");
  return empty_answer();
}

Response Storage::remove(Volume& volume, const std::string& path, bool all) {
  if (path == "/") return error_answer(400, "the root of a file system is not deleted");
  if (!volume.exists(path)) return error_answer(404, path + " not found");
  const bool directory = volume.is_directory(path);
  if (directory && !all && !volume.list(path).empty()) return error_answer(400, "directory not empty");
  volume.remove(path);
  if (directory) {
    world_.record("directory", path, "present", "deleted");
    world_.count("directories_deleted");
  }
  return empty_answer();
}

}  // namespace lepton_operator::simulator
