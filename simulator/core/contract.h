// The request bodies of the Lepton API, field by field, as the contract has them (sections 4 to 7 and 9). Pure.
#pragma once

#include <optional>
#include <string>

#include "core/schema.h"

namespace lepton_operator::simulator {

const Schema& deployment_body();   // POST /deployments
const Schema& deployment_patch();  // PATCH /deployments/<name>, without its nulls
const Schema& endpoint_body();     // POST /endpoints; a changed endpoint as a whole has to pass it too
const Schema& endpoint_patch();    // PATCH /endpoints/<name>, without its nulls
const Schema& job_body();          // POST /jobs
const Schema& job_patch();         // PATCH /jobs/<id>
const Schema& secrets_body();      // POST /usersecrets

// The rules of section 7; each says what is wrong, or nothing.
std::optional<std::string> wrong_name(const std::string& name);
std::optional<std::string> wrong_label_key(const std::string& key);
std::optional<std::string> wrong_label_value(const std::string& value);
std::optional<std::string> wrong_env_name(const std::string& name);
std::optional<std::string> wrong_mount_path(const std::string& path);

}  // namespace lepton_operator::simulator
