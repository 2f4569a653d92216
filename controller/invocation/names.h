// Deterministic names and owner marks (design, rule 1).
//
// Every name is a function of the object's UID and of what it names, at most 36 characters of [a-z]([-a-z0-9]*[a-z0-9])?, with ten
// characters of a SHA-256 in base 32 (50 bits), so that they do not collide at 10,000 objects. Readable parts are cut first. Pure.
#pragma once

#include <optional>
#include <string>

#include "invocation/object.h"
#include "invocation/spec.h"
#include "lepton/types.h"

namespace lepton_operator::invocation {

inline constexpr const char* kInstallLabel = "lepton-operator.install";
inline constexpr const char* kNamespaceLabel = "lepton-operator.namespace";
inline constexpr const char* kNameLabel = "lepton-operator.name";
inline constexpr const char* kUidLabel = "lepton-operator.uid";
inline constexpr const char* kTaskLabel = "lepton-operator.task";
inline constexpr const char* kAttemptLabel = "lepton-operator.attempt";
inline constexpr const char* kSpecHashLabel = "lepton-operator.spec-hash";

// 16 hex digits: SHA-256 of the UID, cut.
std::string invocation_id(const std::string& uid);

std::string endpoint_name(DeploymentType type, const std::string& uid, const std::string& task, int incarnation);
std::string job_name(const std::string& uid, const std::string& task, int attempt);
std::string cleanup_job_name(const std::string& uid, int attempt);
// A Lepton secret for a Kubernetes Secret's key, or (purpose "token") for the endpoint token.
std::string secret_name(const std::string& uid, const std::string& purpose);

// `number`: attempt of a job, incarnation of an endpoint. `task` may be empty (cleanup job).
lepton::Labels owner_labels(const std::string& install_id, const ObjectMeta& meta, const std::string& task, int number);
std::string owner_uid(const lepton::Labels& labels);  // empty when it is not ours

}  // namespace lepton_operator::invocation
