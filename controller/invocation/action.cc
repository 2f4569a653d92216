#include "invocation/plan.h"

namespace lepton_operator::invocation {

namespace key {
std::string create_endpoint(const std::string& name) { return "create-endpoint " + name; }
std::string update_endpoint(const std::string& name) { return "update-endpoint " + name; }
std::string delete_endpoint(const std::string& name) { return "delete-endpoint " + name; }
std::string create_job(const std::string& name) { return "create-job " + name; }
std::string read_job(const std::string& id) { return "read-job " + id; }
std::string read_stage(const std::string& id) { return "read-stage " + id; }
std::string delete_job(const std::string& id) { return "delete-job " + id; }
std::string ensure_secret(const std::string& name) { return "ensure-secret " + name; }
}  // namespace key

namespace {

struct Key {
  std::string operator()(const CreateEndpoint& a) const { return key::create_endpoint(a.endpoint.spec.name); }
  std::string operator()(const StartEndpoint& a) const { return "start-endpoint " + a.name; }
  std::string operator()(const UpdateEndpoint& a) const { return key::update_endpoint(a.endpoint.spec.name); }
  std::string operator()(const DeleteEndpoint& a) const { return key::delete_endpoint(a.name); }
  std::string operator()(const DiagnoseEndpoint& a) const { return "diagnose-endpoint " + a.name; }
  std::string operator()(const ExplainEndpoint& a) const { return "explain-endpoint " + a.name; }
  std::string operator()(const CreateJob& a) const { return key::create_job(a.job.name); }
  std::string operator()(const ReadJob& a) const { return key::read_job(a.id); }
  std::string operator()(const ReadStage& a) const { return key::read_stage(a.id); }
  std::string operator()(const StopJob& a) const { return "stop-job " + a.id; }
  std::string operator()(const DeleteJob& a) const { return key::delete_job(a.id); }
  std::string operator()(const EnsureSecret& a) const { return key::ensure_secret(a.secret.name); }
  std::string operator()(const DeleteSecrets&) const { return key::kDeleteSecrets; }
  std::string operator()(const ProbeStorage& a) const { return "probe-storage " + a.directory.path(); }
  std::string operator()(const RemoveDirectory& a) const { return "remove-directory " + a.directory.path(); }
  std::string operator()(const ReadNodeGroups&) const { return key::kReadNodeGroups; }
  std::string operator()(const ReadSecretKeys&) const { return key::kReadSecretKeys; }
};

struct Written {
  std::string operator()(const CreateEndpoint& a) const { return a.endpoint.spec.name; }
  std::string operator()(const StartEndpoint& a) const { return a.name; }
  std::string operator()(const UpdateEndpoint& a) const { return a.endpoint.spec.name; }
  std::string operator()(const DeleteEndpoint& a) const { return a.name; }
  std::string operator()(const CreateJob& a) const { return a.job.name; }
  std::string operator()(const StopJob& a) const { return a.id; }
  std::string operator()(const DeleteJob& a) const { return a.id; }
  std::string operator()(const EnsureSecret& a) const { return a.secret.name; }
  std::string operator()(const DiagnoseEndpoint&) const { return {}; }
  std::string operator()(const ExplainEndpoint&) const { return {}; }
  std::string operator()(const ReadJob&) const { return {}; }
  std::string operator()(const ReadStage&) const { return {}; }
  std::string operator()(const DeleteSecrets&) const { return {}; }
  std::string operator()(const ProbeStorage&) const { return {}; }
  std::string operator()(const RemoveDirectory&) const { return {}; }
  std::string operator()(const ReadNodeGroups&) const { return {}; }
  std::string operator()(const ReadSecretKeys&) const { return {}; }
};

}  // namespace

std::string action_key(const Action& action) { return std::visit(Key{}, action); }
std::string written_object(const Action& action) { return std::visit(Written{}, action); }
bool removes_workload(const Action& action) {
  return std::holds_alternative<DeleteEndpoint>(action) || std::holds_alternative<DeleteJob>(action);
}

}  // namespace lepton_operator::invocation
