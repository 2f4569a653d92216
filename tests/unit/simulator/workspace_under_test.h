// A simulated workspace and its clock, with short words for what the tests ask of it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/simulator.h"

namespace lepton_operator::simulator {

using namespace std::chrono_literals;

class WorkspaceUnderTest : public ::testing::Test {
 protected:
  WorkspaceUnderTest() { restart(); }

  void restart(Options options = {}, const std::string& scenario = "") {
    auto parsed = parse_scenario(scenario, "scenario.yaml");
    ASSERT_TRUE(parsed.ok()) << parsed.error().text();
    simulator_ = std::make_unique<Simulator>(
        options, [this] { return now_; }, *parsed);
  }

  void pass(base::Milliseconds time) { now_ += time; }

  Response ask(const std::string& method, const std::string& path_and_query, const std::string& body = "") {
    Request request = made(method, path_and_query, body);
    return simulator_->handle(request);
  }
  Response control(const std::string& what, const std::string& body) {
    Request request;
    request.method = "POST";
    request.path = "/sim/" + what;
    request.body = body;
    return simulator_->handle(request);
  }
  Request made(const std::string& method, const std::string& path_and_query, const std::string& body = "") const {
    const std::size_t mark = path_and_query.find('?');
    Request request;
    request.method = method;
    request.path = simulator_->base_path() + path_and_query.substr(0, mark);
    if (mark != std::string::npos) request.query = parse_query(path_and_query.substr(mark + 1));
    request.headers["authorization"] = "Bearer sim-token";
    if (!body.empty()) request.headers["content-type"] = "application/json";
    request.body = body;
    return request;
  }

  static base::Json json(const std::string& text) {
    auto value = base::parse_json(text, "test");
    EXPECT_TRUE(value.ok()) << text;
    return value.ok() ? *value : base::Json();
  }
  base::Json get(const std::string& path) {
    const Response response = ask("GET", path);
    EXPECT_EQ(response.status, 200) << path << ": " << response.body;
    return json(response.body);
  }

  // The smallest bodies that are accepted.
  static std::string endpoint(const std::string& name, const std::string& more_spec = "") {
    const std::string container = more_spec.starts_with(R"("container")") ? "" : R"("container":{"image":"i"},)";
    return R"({"metadata":{"name":")" + name + R"("},"spec":{)" + container + more_spec +
           R"("resource_requirement":{"resource_shape":"gpu.1xh200","min_replicas":1}}})";
  }
  static std::string job(const std::string& name, const std::string& more_spec = "", const std::string& more_metadata = "") {
    return R"({"metadata":{)" + more_metadata + R"("name":")" + name + R"("},"spec":{)" + more_spec +
           R"("resource_shape":"cpu.small","container":{"image":"i","command":["x"]}}})";
  }
  static std::string evaluation(const std::string& name, const std::string& output = "/workspace/gpqa") {
    return job(name, R"("envs":[{"name":"EVAL_OUTPUT_DIR","value":")" + output +
                         R"("}],"mounts":[{"path":"/shared/w/0123","from":"node-nfs:lepton-shared-fs","mount_path":"/workspace"}],)");
  }
  std::string create_job(const std::string& body) {
    const Response response = ask("POST", "/jobs", body);
    EXPECT_EQ(response.status, 201) << response.body;
    return base::get_string(base::get_object(json(response.body), "metadata"), "id").value_or("");
  }
  std::string job_state(const std::string& id) {
    const Response response = ask("GET", "/jobs/" + id + "?job_query_mode=alive_and_archive");
    if (response.status != 200) return std::to_string(response.status);
    return base::get_string(base::get_object(json(response.body), "status"), "state").value_or("");
  }
  std::string endpoint_state(const std::string& name, const char* member = "state") {
    const Response response = ask("GET", "/deployments/" + name);
    if (response.status != 200) return std::to_string(response.status);
    return base::get_string(base::get_object(json(response.body), "status"), member).value_or("(none)");
  }
  std::vector<std::string> job_ids(const std::string& query) {
    std::vector<std::string> ids;
    const base::Json body = get("/jobs" + query);
    for (const base::Json& each : base::elements(base::find(body, "jobs"))) {
      ids.push_back(base::get_string(base::get_object(each, "metadata"), "id").value_or(""));
    }
    return ids;
  }
  std::string file(const std::string& path) {
    simulator_->catch_up();
    const std::string* content = simulator_->world().volumes["lepton-shared-fs"].read(path);
    return content == nullptr ? "(absent)" : *content;
  }

  base::Timestamp now_{std::chrono::hours(24 * 365 * 56)};
  std::unique_ptr<Simulator> simulator_;
};

}  // namespace lepton_operator::simulator
