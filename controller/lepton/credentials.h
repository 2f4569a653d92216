// Who we are to a workspace: id, token, URL and origin, and where they may come from besides a Workspace object (design, "Directory mode").
//
// The token is a secret: it has no printer, is registered with the log's redaction by whoever obtains it, and leaves only in a header.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"

namespace lepton_operator::lepton {

struct Credentials {
  std::string workspace_id;
  std::string token;
  std::string url;                    // https://host/api/v2/workspaces/<id>, no trailing slash
  std::optional<std::string> origin;  // scheme://host[:port]

  bool operator==(const Credentials&) const = default;
};

// The gateway's URL for an id (section 1).
std::string default_url(const std::string& workspace_id);

// Completes what was given: URL and origin by section 1's rules. An error when the id is empty or unusable in a URL, or the URL is no URL.
base::Result<Credentials> complete_credentials(std::string workspace_id, std::string token, std::optional<std::string> url,
                                               std::optional<std::string> origin);

// "<workspace_id>:<token>", as for `lep login -c`. An error when there is no colon or a part is empty.
base::Result<std::pair<std::string, std::string>> split_credential(const std::string& text);

using Environment = std::function<std::optional<std::string>(const std::string&)>;

// LEPTON_WORKSPACE_ID, _TOKEN, _URL, _ORIGIN_URL. Nothing when the id or the token is not set.
std::optional<base::Result<Credentials>> credentials_from_environment(const Environment& environment);

// The file that `lep login` writes (section 1), under LEPTON_CACHE_DIR or ~/.cache/lepton. Nothing when there is no file or no current
// workspace.
std::optional<base::Result<Credentials>> credentials_from_login_file(const Environment& environment);

}  // namespace lepton_operator::lepton
