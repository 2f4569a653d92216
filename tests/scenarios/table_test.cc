// The table of scenarios: what each policy promises, row by row (tests/scenarios/rows/*.yaml), on a whole operator in driven time. The end
// state is compared whole: Lepton, storage, status, events. How a row is read: tests/scenarios/README.md.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

#include "base/yaml.h"
#include "scenarios/observed.h"
#include "scenarios/stage.h"
#include "support/source_tree.h"

namespace lepton_operator::scenarios {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFewestRows = 60;

struct Row {
  std::string place;  // rows/retries.yaml:12
  Json value;
};

std::vector<base::YamlDocument> documents(const fs::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  auto parsed = base::parse_yaml(text.str(), file.filename().string());
  if (!parsed) throw std::runtime_error(parsed.error().text());
  return *parsed;
}

std::vector<Row> all_rows() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(support::in_source_tree("tests/scenarios/rows"))) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<Row> rows;
  for (const fs::path& file : files) {
    for (const base::YamlDocument& document : documents(file)) {
      rows.push_back({file.filename().string() + ":" + std::to_string(document.line), document.value});
    }
  }
  return rows;
}

const std::vector<Row>& rows() {
  static const std::vector<Row> all = all_rows();
  return all;
}

Json expected_end(const Json& row) {
  static const Json kEndings = documents(support::in_source_tree("tests/scenarios/endings.yaml")).front().value;
  Json end = base::json_object();
  for (const std::string& name : base::get_strings(row, "like")) {
    const Json* ending = base::find(kEndings, name);
    if (ending == nullptr) throw std::invalid_argument("there is no ending " + name);
    end = overlaid(end, *ending);
  }
  return overlaid(end, base::get_object(row, "end"));
}

std::string name_of(const std::string& sentence) {
  std::string name;
  bool begins = true;
  for (const char c : sentence) {
    const bool letter = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (letter) name += begins ? static_cast<char>(std::toupper(c)) : c;
    begins = !letter;
  }
  return name;
}

void expect_within(const Json& row, const char* member, std::int64_t actual) {
  const Json* range = base::find(row, member);
  if (range == nullptr) return;
  EXPECT_GE(actual, range->at(0).as_number().to_int64()) << member;
  EXPECT_LE(actual, range->at(1).as_number().to_int64()) << member;
}

class Table : public testing::TestWithParam<std::size_t> {};

TEST_P(Table, EndsAsItsPoliciesPromise) {
  const Row& row = rows().at(GetParam());
  SCOPED_TRACE(row.place + ": " + base::get_string(row.value, "name").value_or("?"));
  Stage stage(base::get_object(row.value, "simulator"), base::get_object(row.value, "workspace"));
  try {
    Json apply = base::json_object();
    apply["apply"] = base::get_object(row.value, "spec");
    stage.act(apply);
    for (const Json& step : base::elements(base::find(row.value, "steps"))) stage.act(step);
    stage.act("pass: 30s");
  } catch (const std::exception& error) {
    FAIL() << error.what() << "\n" << difference(expected_end(row.value), stage.observed()) << stage.log();
  }
  const std::string unlike = difference(expected_end(row.value), stage.observed());
  EXPECT_TRUE(unlike.empty()) << unlike << stage.log();
  for (const auto& [what, words] : base::get_object(row.value, "says").as_object()) {
    const std::string name = what.substr(what.find(' ') + 1);
    const std::string said = what.rfind("task ", 0) == 0 ? stage.message(name) : stage.condition(name);
    EXPECT_NE(said.find(words.as_string()), std::string::npos) << what << " says: " << said;
  }
  if (!stage.gone()) {
    expect_within(row.value, "gpuSeconds", stage.gpu_seconds());
    expect_within(row.value, "idleGpuSeconds", stage.idle_gpu_seconds());
  }
  if (base::get_bool(row.value, "quiet").value_or(true)) {
    const int changes = stage.changes();
    stage.act("pass: 3m");
    EXPECT_EQ(stage.changes(), changes) << "it was over, and something was sent all the same";
  }
}

std::vector<std::size_t> indices() {
  std::vector<std::size_t> all(rows().size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  return all;
}

std::string row_name(const testing::TestParamInfo<std::size_t>& row) {
  return name_of(base::get_string(rows().at(row.param).value, "name").value_or("Row " + std::to_string(row.param)));
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Table, testing::ValuesIn(indices()), row_name);

TEST(TableItself, HasARowForEveryPolicy) {
  std::map<std::string, int> covered;
  for (const Row& row : rows()) {
    for (const std::string& policy : base::get_strings(row.value, "covers")) ++covered[policy];
  }
  for (const char* policy : {"retries",
                             "run",
                             "timeout",
                             "readinessTimeout",
                             "queueTimeout",
                             "activeDeadlineSeconds",
                             "ttlSecondsAfterFinished",
                             "suspend",
                             "parallelism",
                             "startPolicy",
                             "endpointFailurePolicy",
                             "endpointRetention",
                             "sharing",
                             "deletionPolicy",
                             "cleanup",
                             "limits",
                             "appended",
                             "failed",
                             "abandon",
                             "reconcile-requested-at",
                             "unknown",
                             "cost",
                             "restart",
                             "downtime",
                             "explained"}) {
    EXPECT_GE(covered[policy], 1) << policy;
  }
  EXPECT_GE(rows().size(), kFewestRows);
  std::cout << rows().size() << " rows:";
  for (const auto& [policy, count] : covered) std::cout << " " << policy << " " << count;
  std::cout << "\n";
}

}  // namespace
}  // namespace lepton_operator::scenarios
