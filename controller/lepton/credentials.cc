#include "lepton/credentials.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/files.h"
#include "base/yaml.h"

namespace lepton_operator::lepton {

namespace {

using base::Error;
using base::ErrorKind;
using base::invalid;
using base::Result;

constexpr std::string_view kGateway = "https://gateway.dgxc-lepton.nvidia.com/api/v2/workspaces/";

bool alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool printable(char c) { return c > ' ' && c < 0x7f; }

bool space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Secret files and environment files often end in a line end that nobody meant.
std::string trimmed(std::string text) {
  while (!text.empty() && space(text.back())) text.pop_back();
  text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), space));
  return text;
}

bool usable_id(const std::string& id) {
  const auto allowed = [](char c) { return alphanumeric(c) || c == '-' || c == '_' || c == '.'; };
  return std::all_of(id.begin(), id.end(), allowed) && id.find_first_not_of('.') != std::string::npos;
}

// "scheme://host[:port]" of a URL, without userinfo; nothing when it is no http(s) URL.
std::optional<std::string> origin_of(const std::string& url) {
  if (!std::all_of(url.begin(), url.end(), printable)) return std::nullopt;
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string::npos) return std::nullopt;
  const std::string scheme = url.substr(0, scheme_end);
  if (scheme != "http" && scheme != "https") return std::nullopt;
  const std::size_t start = scheme_end + 3;
  std::string authority = url.substr(start, url.find_first_of("/?#", start) - start);
  if (const std::size_t at = authority.rfind('@'); at != std::string::npos) authority.erase(0, at + 1);
  if (authority.empty() || authority.front() == ':') return std::nullopt;
  return scheme + "://" + authority;
}

// The URL is not shown in errors when it could hold a password.
std::string shown(const std::string& url) { return url.find('@') == std::string::npos ? "\"" + url + "\"" : "the one given"; }

Result<std::string> usable_url(std::string url) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  const bool plain = url.find_first_of("?#@") == std::string::npos;
  if (!plain || !origin_of(url))
    return invalid("the workspace URL must be http(s)://host[:port]/path without query or password, not " + shown(url));
  return url;
}

std::optional<std::string> non_empty(const std::optional<std::string>& value) {
  if (!value) return std::nullopt;
  std::string text = trimmed(*value);
  if (text.empty()) return std::nullopt;
  return text;
}

Result<Credentials> located(Result<Credentials> result, std::string where) {
  if (result) return result;
  Error error = result.error();
  error.where = std::move(where);
  return error;
}

std::optional<std::filesystem::path> login_file(const Environment& environment) {
  if (const auto directory = non_empty(environment("LEPTON_CACHE_DIR"))) return std::filesystem::path(*directory) / "workspace_info.yaml";
  if (const auto home = non_empty(environment("HOME"))) return std::filesystem::path(*home) / ".cache/lepton/workspace_info.yaml";
  return std::nullopt;
}

Result<Credentials> credentials_from_record(const base::Json& document, const std::string& id) {
  const base::Json* record = base::find(base::get_object(document, "workspaces"), id);
  if (!record || !record->is_object())
    return invalid("current_workspace is \"" + id + "\", but workspaces has no record of it: run lep login again");
  const std::optional<std::string> token = base::get_string(*record, "auth_token");
  if (!token || token->empty()) return invalid("workspaces." + id + ".auth_token is missing: run lep login again");
  return complete_credentials(base::get_string(*record, "id").value_or(id), *token, base::get_string(*record, "url"),
                              base::get_string(*record, "workspace_origin_url"));
}

}  // namespace

std::string default_url(const std::string& workspace_id) { return std::string(kGateway) + workspace_id; }

Result<Credentials> complete_credentials(std::string workspace_id, std::string token, std::optional<std::string> url,
                                         std::optional<std::string> origin) {
  Credentials done;
  done.workspace_id = trimmed(std::move(workspace_id));
  done.token = trimmed(std::move(token));
  if (done.workspace_id.empty()) return invalid("the workspace ID is empty");
  if (!usable_id(done.workspace_id))
    return invalid("the workspace ID may hold letters, digits, \"-\", \"_\" and \".\" only (dashboard, Settings)");
  if (done.token.empty()) return invalid("the token of workspace \"" + done.workspace_id + "\" is empty");
  // Anything else could not stand in a header; it is a file that was read wrongly, not a token.
  if (!std::all_of(done.token.begin(), done.token.end(), printable)) {
    return invalid("the token of workspace \"" + done.workspace_id + "\" holds spaces or characters that no token has");
  }

  Result<std::string> usable = usable_url(non_empty(url).value_or(default_url(done.workspace_id)));
  if (!usable) return usable.error();
  done.url = std::move(usable).value();

  if (const auto given = non_empty(origin)) {
    done.origin = origin_of(*given);
    if (!done.origin) return invalid("the workspace's origin must be scheme://host[:port], not " + shown(*given));
  } else if (done.url.find("dgxc") != std::string::npos) {
    done.origin = origin_of(done.url);
  }
  return done;
}

Result<std::pair<std::string, std::string>> split_credential(const std::string& text) {
  const std::string credential = trimmed(text);
  const std::size_t colon = credential.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == credential.size()) {
    return invalid("a credential is <workspace id>:<token>, as for lep login -c");
  }
  return std::pair{credential.substr(0, colon), credential.substr(colon + 1)};
}

std::optional<Result<Credentials>> credentials_from_environment(const Environment& environment) {
  std::optional<std::string> id = non_empty(environment("LEPTON_WORKSPACE_ID"));
  std::optional<std::string> token = non_empty(environment("LEPTON_WORKSPACE_TOKEN"));
  if (id && id->find(':') != std::string::npos) {  // the SDK takes a whole credential here too, and prefers its token
    auto parts = split_credential(*id);
    if (!parts) return Result<Credentials>(Error{ErrorKind::kInvalid, parts.error().what, "LEPTON_WORKSPACE_ID"});
    id = parts->first;
    token = parts->second;
  }
  if (!id || !token) return std::nullopt;
  Result<Credentials> completed =
      complete_credentials(*id, *token, environment("LEPTON_WORKSPACE_URL"), environment("LEPTON_WORKSPACE_ORIGIN_URL"));
  return located(std::move(completed), "LEPTON_WORKSPACE_*");
}

std::optional<Result<Credentials>> credentials_from_login_file(const Environment& environment) {
  const std::optional<std::filesystem::path> path = login_file(environment);
  if (!path) return std::nullopt;
  Result<std::string> content = base::read_file(*path);
  if (!content && content.error().kind == ErrorKind::kNotFound) return std::nullopt;
  if (!content) return Result<Credentials>(content.error());

  const auto documents = base::parse_yaml(*content, path->string());
  if (!documents) return Result<Credentials>(documents.error());
  if (documents->empty()) return std::nullopt;
  const base::Json& document = documents->front().value;
  const std::optional<std::string> current = base::get_string(document, "current_workspace");
  if (!current || current->empty()) return std::nullopt;
  return located(credentials_from_record(document, *current), path->string());
}

}  // namespace lepton_operator::lepton
