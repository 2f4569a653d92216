// What an exec plugin is asked and what it answers: ExecCredential of client.authentication.k8s.io. Pure; any thread.
//
// Errors never repeat the answer, which is a secret.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "kube/config.h"

namespace lepton_operator::kube {

struct ExecCredential {
  std::string token;
  std::optional<base::Timestamp> expires_at;  // nothing: until it is refused
};

// The value of KUBERNETES_EXEC_INFO.
std::string exec_info(const ClusterConfig& config, const ExecPlugin& plugin);

base::Result<ExecCredential> read_exec_credential(const ExecPlugin& plugin, std::string_view output);

// True for what may stand in an Authorization header.
bool usable_token(std::string_view token);

}  // namespace lepton_operator::kube
