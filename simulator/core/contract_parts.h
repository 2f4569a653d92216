// The parts that the request bodies of endpoints and jobs share, as the contract has them. Internal to contract*.cc. Pure.
#pragma once

#include <optional>
#include <string>

#include "core/contract.h"

namespace lepton_operator::simulator::parts {

Schema count(double least = 0);
Schema amount();
Schema strings();
std::optional<std::string> not_empty(const base::Json& value);  // for a string
Schema checked_string(std::optional<std::string> (*check)(const std::string&));
std::optional<std::string> wrong_shape(const std::string& shape);

Schema metadata();
Schema container();
Schema affinity();
std::optional<std::string> wrong_replicas(const base::Json& value);  // of an object with min_replicas and max_replicas
Schema resource_requirement();
Schema auto_scaler();
Schema api_tokens();
Schema envs();
Schema mounts();
Schema storage_attachments();
Schema queue_config();
Schema log();
Schema metrics();
Schema security();
Schema reservation();
Schema scheduling();
Schema health();
Schema auth_config();
Schema routing();
Schema load_balance();
std::optional<std::string> wrong_access(const base::Json& spec);

}  // namespace lepton_operator::simulator::parts
