#include "cli/redaction.h"

#include <gtest/gtest.h>

#include "base/yaml.h"

namespace lepton_operator::cli {
namespace {

std::string shown(const std::string& yaml) { return base::to_text(without_secrets(base::parse_yaml(yaml, "test").value().front().value)); }

TEST(Redaction, HidesTokensAndVariablesThatAreCalledLikeOne) {
  EXPECT_EQ(shown("deployment: {apiTokens: [{value: abc}, {leptonToken: shared}]}"),
            R"({"deployment":{"apiTokens":[{"value":"***"},{"leptonToken":"shared"}]}})");
  EXPECT_EQ(shown("envs: [{name: HF_TOKEN, value: abc}, {name: TOKENIZERS_PARALLELISM, value: 'no'}]"),
            R"({"envs":[{"name":"HF_TOKEN","value":"***"},{"name":"TOKENIZERS_PARALLELISM","value":"no"}]})");
}

TEST(Redaction, LeavesReferencesToSecretsAndNamesOfThem) {
  const std::string yaml =
      R"({"envs":[{"name":"HF_TOKEN","valueFrom":{"secretKeyRef":{"key":"token","name":"keys"}}}],"imagePullSecrets":["pull"]})";
  EXPECT_EQ(shown(yaml), yaml);
  EXPECT_EQ(shown(R"({"config":{"api_key_name":"JUDGE_KEY","max_new_tokens":5}})"),
            R"({"config":{"api_key_name":"JUDGE_KEY","max_new_tokens":5}})");
}

TEST(Redaction, HidesWhatStandsUnderSuchANameInARunConfiguration) {
  EXPECT_EQ(shown("{extra: {judge: {api_key: abc, clientSecret: def, apikey: ghi, model: jkl}}}"),
            R"({"extra":{"judge":{"api_key":"***","apikey":"***","clientSecret":"***","model":"jkl"}}})");
}

TEST(Redaction, HidesFlagsAndAssignmentsInCommands) {
  EXPECT_EQ(shown(R"({"args":["--api-key","abc","--seed","1","--hf-token=def","--api-key","--next"]})"),
            R"({"args":["--api-key","***","--seed","1","--hf-token=***","--api-key","--next"]})");
  EXPECT_EQ(shown(R"({"pre":"export A_TOKEN='a b' B=2; C_KEY=\"$D\" E_KEY=$F g --password=h&i"})"),
            R"({"pre":"export A_TOKEN=*** B=2; C_KEY=\"$D\" E_KEY=$F g --password=***&i"})");
}

TEST(Redaction, HidesTheUserOfAUrlAndItsKeys) {
  EXPECT_EQ(shown(R"({"url":"https://me:pass@host.example:8443/v1?api_key=abc&model=m@1"})"),
            R"({"url":"https://***@host.example:8443/v1?api_key=***&model=m@1"})");
  EXPECT_EQ(shown(R"({"url":"https://host.example/@scope/x","image":"repo/x@sha256:12"})"),
            R"({"image":"repo/x@sha256:12","url":"https://host.example/@scope/x"})");
}

TEST(Redaction, TakesATextOfAMegabyte) {
  const std::string long_text(1 << 20, '=');
  EXPECT_EQ(shown("{pre: \"" + long_text + "\"}"), "{\"pre\":\"" + long_text + "\"}");
}

}  // namespace
}  // namespace lepton_operator::cli
