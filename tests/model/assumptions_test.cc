// The model's Lepton against the simulator: each assumption by itself, then every sequence of a few requests.
#include <algorithm>
#include <functional>
#include <map>

#include "lepton/codec.h"
#include "model/abstract_workspace.h"
#include "model/assumptions.h"
#include "unit/simulator/workspace_under_test.h"

namespace lepton_operator::invocation::model {
namespace {

using simulator::Hold;
using simulator::Options;
using simulator::Response;
using namespace std::chrono_literals;

constexpr auto kStep = 1s;  // whatever the simulator does by itself takes that long here
constexpr const char* kDirectory = "/shared/w/0123";

Options in_steps() {
  Options options;
  options.ready_delay = options.start_delay = options.run_delay = options.delete_delay = kStep;
  return options;
}

class Assumed : public simulator::WorkspaceUnderTest {
 protected:
  Assumed() { restart(in_steps()); }

  int status(const std::string& method, const std::string& path, const std::string& body = "") { return ask(method, path, body).status; }
  std::size_t jobs() { return job_ids("?job_query_mode=alive_and_archive").size(); }
  static std::string secret(const std::string& name) { return R"([{"name":")" + name + R"(","value":"v"}])"; }
  std::string stopped_job(const std::string& id) {
    EXPECT_EQ(status("PATCH", "/jobs/" + id, R"({"spec":{"stopped":true}})"), 200);
    pass(kStep);
    return job_state(id);
  }
  std::string cleanup_job() {
    return job("cleanup", R"("envs":[{"name":"CLEANUP_DIRECTORY","value":"/parent/0123"}],)"
                          R"("mounts":[{"path":"/shared/w","from":"node-nfs:lepton-shared-fs","mount_path":"/parent"}],)");
  }
  bool directory() { return status("HEAD", std::string("/storage/lepton-shared-fs") + kDirectory) == 200; }
  void hold(bool before) {
    Hold hold;
    hold.method = "POST";
    hold.before_commit = before;
    simulator_->add_hold(hold);
  }
  void holds(Assumption assumption);
};

void Assumed::holds(Assumption assumption) {
  switch (assumption) {
    case Assumption::kNameIsTakenUntilGone:
      EXPECT_EQ(status("POST", "/deployments", endpoint("e")), 201);
      EXPECT_EQ(status("POST", "/deployments", endpoint("e")), 409);
      EXPECT_EQ(status("DELETE", "/deployments/e"), 200);
      EXPECT_EQ(status("POST", "/deployments", endpoint("e")), 409);
      pass(kStep);
      EXPECT_EQ(status("POST", "/deployments", endpoint("e")), 201);
      return;
    case Assumption::kJobNamesRepeat:
      create_job(job("j"));
      create_job(job("j"));
      EXPECT_EQ(jobs(), 2U);
      return;
    case Assumption::kJobIdsAreNew: {
      const std::string first = create_job(job("j"));
      const std::string second = create_job(job("j"));
      EXPECT_NE(first, second);
      EXPECT_EQ(status("GET", "/jobs/j"), 404);
      EXPECT_EQ(status("DELETE", "/jobs/" + first), 200);
      pass(kStep);
      EXPECT_EQ(job_ids(""), std::vector<std::string>{second});
      return;
    }
    case Assumption::kEffectWithoutAnswer:
      hold(false);
      EXPECT_TRUE(ask("POST", "/jobs", job("j")).held.has_value());
      EXPECT_EQ(jobs(), 1U);
      return;
    case Assumption::kEffectAfterAnswerIsLost:
      hold(true);
      EXPECT_TRUE(ask("POST", "/jobs", job("j")).held.has_value());
      EXPECT_EQ(jobs(), 0U);
      simulator_->release();
      EXPECT_EQ(jobs(), 1U);
      return;
    case Assumption::kRefusedHasNoEffect:
      for (const int refusal : {429, 400, 401, 403}) {
        simulator::FaultRule fault;
        fault.method = "POST";
        fault.status = refusal;
        simulator_->add_fault(fault);
        EXPECT_EQ(status("POST", "/jobs", job("j")), refusal);
      }
      EXPECT_EQ(jobs(), 0U);
      return;
    case Assumption::kListShowsAll: {
      ask("POST", "/deployments", endpoint("e"));
      create_job(job("j"));
      EXPECT_EQ(get("/deployments").size(), 1U);
      EXPECT_EQ(job_ids("").size(), 1U);
      return;
    }
    case Assumption::kRemovalTakesItsTime: {
      ask("POST", "/deployments", endpoint("e"));
      const std::string id = create_job(job("j"));
      for (int again = 0; again < 2; ++again) {
        EXPECT_EQ(status("DELETE", "/deployments/e"), 200);
        EXPECT_EQ(status("DELETE", "/jobs/" + id), 200);
        EXPECT_EQ(endpoint_state("e"), "Deleting");
        EXPECT_EQ(job_state(id), "Deleting");
      }
      pass(kStep);
      EXPECT_EQ(get("/deployments").size(), 0U);
      EXPECT_EQ(jobs(), 0U);
      return;
    }
    case Assumption::kAbsentIsNotFound: {
      const std::string id = create_job(job("j"));
      ask("DELETE", "/jobs/" + id);
      pass(kStep);
      EXPECT_EQ(status("GET", "/jobs/" + id + "?job_query_mode=alive_and_archive"), 404);
      EXPECT_EQ(status("DELETE", "/jobs/" + id), 404);
      EXPECT_EQ(status("DELETE", "/deployments/e"), 404);
      return;
    }
    case Assumption::kEndingStays: {
      const std::string completed = create_job(job("j"));
      pass(2 * kStep);
      EXPECT_EQ(status("PATCH", "/jobs/" + completed, R"({"spec":{"stopped":true}})"), 400);
      const std::string stopped = create_job(job("k"));
      EXPECT_EQ(stopped_job(stopped), "Stopped");
      pass(10 * kStep);
      EXPECT_EQ(job_state(completed), "Completed");
      EXPECT_EQ(stopped_job(stopped), "Stopped");
      return;
    }
    case Assumption::kEndpointMayFail:
      restart(in_steps(), "rules: [{match: bad, kind: endpoint, outcome: error}]");
      ask("POST", "/deployments", endpoint("good"));
      ask("POST", "/deployments", endpoint("bad"));
      EXPECT_EQ(endpoint_state("bad"), "Starting");
      pass(kStep);
      EXPECT_EQ(endpoint_state("good"), "Ready");
      EXPECT_EQ(endpoint_state("bad"), "Error");
      return;
    case Assumption::kJobMayFail: {
      restart(in_steps(), "rules: [{match: bad, kind: job, outcome: fail}]");
      const std::string good = create_job(job("good"));
      const std::string bad = create_job(job("bad"));
      EXPECT_EQ(job_state(bad), "Starting");
      pass(kStep);
      EXPECT_EQ(job_state(bad), "Running");
      pass(kStep);
      EXPECT_EQ(job_state(good), "Completed");
      EXPECT_EQ(job_state(bad), "Failed");
      return;
    }
    case Assumption::kRunningJobMakesDirectory:
      create_job(evaluation("j"));
      EXPECT_FALSE(directory());
      pass(kStep);
      EXPECT_TRUE(directory());
      return;
    case Assumption::kCleanupJobRemovesIt:
      create_job(evaluation("j"));
      pass(2 * kStep);
      create_job(cleanup_job());
      pass(kStep);
      EXPECT_TRUE(directory());
      pass(kStep);
      EXPECT_FALSE(directory());
      return;
    case Assumption::kSecretNameIsTaken:
      EXPECT_EQ(status("POST", "/usersecrets", secret("s")), 200);
      EXPECT_EQ(status("POST", "/usersecrets", secret("s")), 409);
      EXPECT_EQ(status("DELETE", "/usersecrets/s"), 200);
      EXPECT_EQ(get("/usersecrets").size(), 0U);
      EXPECT_EQ(status("DELETE", "/usersecrets/s"), 404);
      return;
    case Assumption::kNotFoundIsNotEmpty: {
      create_job(job("j"));
      simulator::FaultRule fault;
      fault.status = 404;
      simulator_->add_fault(fault);
      EXPECT_EQ(status("GET", "/jobs"), 404);
      EXPECT_EQ(jobs(), 1U);
      return;
    }
  }
  FAIL() << "an assumption that nothing is checked of";
}

TEST_F(Assumed, EachHoldsOfTheSimulator) {
  for (int i = 0; i < kAssumptions; ++i) {
    SCOPED_TRACE("assumption " + std::to_string(i));
    restart(in_steps());
    holds(static_cast<Assumption>(i));
  }
}

// Both workspaces, asked the same.
class Pair : public Assumed {
 protected:
  using Request = std::function<std::string()>;  // does it in both; what differs

  void begin() {
    restart(in_steps());
    model_ = {};
    ids_.clear();
  }

  std::string time() {
    pass(kStep);
    const auto steps = model_.steps();  // one of each object; those in front keep their place when one behind them goes
    std::for_each(steps.rbegin(), steps.rend(), [&](const AbstractWorkspace::Step& step) {
      if (!step.unlucky) model_.take(step);
    });
    return {};
  }
  static std::string same(const std::string& what, bool model, int answer) {
    return model == (answer < 300) ? "" : what + ": the model says " + (model ? "yes" : "no") + ", lepton-sim " + std::to_string(answer);
  }
  std::string create_endpoint() { return same("create", model_.create_endpoint("e"), status("POST", "/deployments", endpoint("e"))); }
  std::string delete_endpoint() { return same("delete", model_.delete_endpoint("e"), status("DELETE", "/deployments/e")); }
  std::string scale(bool up) {
    const std::string replicas = up ? "1" : "0";
    const int answer = status("PATCH", "/deployments/e", R"({"spec":{"resource_requirement":{"min_replicas":)" + replicas + "}}}");
    return same("scale to " + replicas, scaled_already(up) ? answer < 300 : model_.scale_endpoint("e", up), answer);
  }
  // Scaling down what is down already is answered in one way or another, and changes nothing.
  bool scaled_already(bool up) {
    const AbstractEndpoint* one = model_.find_endpoint("e");
    return !up && one != nullptr && (one->state == lepton::EndpointState::kStopping || one->state == lepton::EndpointState::kStopped);
  }
  std::string edit(bool back) {
    const std::string image = back ? "i" : "another";
    const int answer = status("PATCH", "/deployments/e", R"({"spec":{"container":{"image":")" + image + R"("}}})");
    return same("image " + image, model_.edit_endpoint("e", back), answer);
  }
  std::string create_job_in_both() {
    const Response answer = ask("POST", "/jobs", evaluation("j"));
    ids_[model_.create_job("j", "task").id] = base::get_string(base::get_object(json(answer.body), "metadata"), "id").value_or("");
    return {};
  }
  // Of the nth job that was made.
  std::string of_job(std::size_t nth, bool stop) {
    const std::string id = "j-" + std::to_string(nth);
    if (!ids_.contains(id)) return {};
    if (stop) return same("stop " + id, model_.stop_job(id), status("PATCH", "/jobs/" + ids_[id], R"({"spec":{"stopped":true}})"));
    return same("delete " + id, model_.delete_job(id), status("DELETE", "/jobs/" + ids_[id]));
  }

  std::map<std::string, std::string> in_model() {
    std::map<std::string, std::string> all;
    for (const AbstractEndpoint& one : model_.endpoints)
      all[one.name] = std::string(lepton::to_string(one.state)) + (one.edited ? ", edited" : "");
    for (const AbstractJob& one : model_.jobs) all[ids_.at(one.id)] = lepton::to_string(one.state);
    all["directory"] = model_.directory ? "there" : "not there";
    return all;
  }
  std::map<std::string, std::string> in_simulator() {
    std::map<std::string, std::string> all;
    const auto endpoints = lepton::decode_endpoints(get("/deployments"));
    for (const lepton::Endpoint& one : endpoints->items) {
      const bool edited = one.spec->image == "another";
      all[one.name] = std::string(lepton::to_string(one.phase.value_or(one.state))) + (edited ? ", edited" : "");
    }
    const auto listed = lepton::decode_jobs(get("/jobs"));
    for (const lepton::Job& one : listed->items) all[one.id] = lepton::to_string(one.state);
    all["directory"] = directory() ? "there" : "not there";
    return all;
  }

  // Every sequence of so many of them.
  void walk(const std::vector<std::pair<std::string, Request>>& requests, int length) {
    std::size_t count = 1;
    for (int i = 0; i < length; ++i) count *= requests.size();
    for (std::size_t sequence = 0; sequence < count && !HasFailure(); ++sequence) {
      begin();
      std::string told;
      std::size_t rest = sequence;
      for (int i = 0; i < length && !HasFailure(); ++i, rest /= requests.size()) {
        const auto& [name, request] = requests[rest % requests.size()];
        told += (told.empty() ? "" : ", ") + name;
        EXPECT_EQ(request(), "") << told;
        EXPECT_EQ(in_model(), in_simulator()) << told;
      }
    }
    std::cout << count << " sequences of " << length << " requests\n";
  }

  AbstractWorkspace model_;
  std::map<std::string, std::string> ids_;  // the simulator's, by the model's
};

TEST_F(Pair, ShowTheSameAfterEverySequenceOfRequestsForAnEndpoint) {
  walk({{"create", [this] { return create_endpoint(); }},
        {"delete", [this] { return delete_endpoint(); }},
        {"scale down", [this] { return scale(false); }},
        {"scale up", [this] { return scale(true); }},
        {"edit", [this] { return edit(false); }},
        {"put back", [this] { return edit(true); }},
        {"time passes", [this] { return time(); }}},
       5);
}

TEST_F(Pair, ShowTheSameAfterEverySequenceOfRequestsForJobsOfOneName) {
  walk({{"create", [this] { return create_job_in_both(); }},
        {"stop the first", [this] { return of_job(0, true); }},
        {"delete the first", [this] { return of_job(0, false); }},
        {"delete the second", [this] { return of_job(1, false); }},
        {"time passes", [this] { return time(); }}},
       5);
}

}  // namespace
}  // namespace lepton_operator::invocation::model
