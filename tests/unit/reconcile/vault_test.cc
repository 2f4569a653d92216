#include "reconcile/vault.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "unit/reconcile/bench.h"

namespace lepton_operator::reconcile::test {
namespace {

using base::ErrorKind;
using testing::HasSubstr;

class VaultTest : public testing::Test {
 protected:
  VaultTest() {
    object_->meta.key = {"team", "llama"};
    object_->meta.uid = "uid-1";
  }
  base::Result<std::string> value(const invocation::SecretSource& source) {
    return bench_.get(bench_.vault.value(bench_.root, object_, source));
  }

  Bench bench_;
  std::shared_ptr<Invocation> object_ = std::make_shared<Invocation>();
};

TEST_F(VaultTest, AGeneratedTokenIsAFunctionOfTheUidAndItsKey) {
  const auto token = value(invocation::GeneratedToken{"k1"});
  ASSERT_TRUE(token.ok());
  EXPECT_EQ(*token, base::hmac_sha256_hex("0123456789abcdef", "uid-1"));
  object_->meta.uid = "uid-2";
  EXPECT_NE(*value(invocation::GeneratedToken{"k1"}), *token);
}

TEST_F(VaultTest, AKeyThatIsGoneMakesNoToken) { EXPECT_EQ(value(invocation::GeneratedToken{"k0"}).error().kind, ErrorKind::kNotFound); }

TEST_F(VaultTest, ALiteralTokenComesFromTheSpecAndNeverFromTheDefaults) {
  invocation::Resolved resolved;
  resolved.defaults = yaml("{deployment: {apiTokens: [{value: of-the-defaults}]}}");
  object_->status.resolved = resolved;
  EXPECT_FALSE(value(invocation::LiteralToken{0}).ok());
  object_->spec = yaml("{deployment: {apiTokens: [{leptonToken: x}, {value: of-the-spec}]}}");
  EXPECT_EQ(*value(invocation::LiteralToken{1}), "of-the-spec");
  EXPECT_FALSE(value(invocation::LiteralToken{0}).ok());
  EXPECT_FALSE(value(invocation::LiteralToken{2}).ok());
}

TEST_F(VaultTest, ASecretsKeyIsReadInTheInvocationsNamespace) {
  bench_.store.put_secret({"team", "hf"}, {{"token", "hf_0123456789"}});
  bench_.store.put_secret({"other", "theirs"}, {{"token", "not-yours"}});
  EXPECT_EQ(*value(invocation::SecretKeyRef{"hf", "token"}), "hf_0123456789");
  EXPECT_THAT(value(invocation::SecretKeyRef{"theirs", "token"}).error().what, HasSubstr("team/theirs"));
  EXPECT_THAT(value(invocation::SecretKeyRef{"hf", "tokn"}).error().what, HasSubstr("has no key tokn"));
}

TEST_F(VaultTest, EveryValueHandedOutIsTakenOutOfForeignText) {
  bench_.vault.keep_secret("secret-1");
  bench_.vault.keep_secret("secret-1-and-more");
  bench_.vault.keep_secret("short");
  EXPECT_EQ(bench_.vault.cleaned("a secret-1-and-more b secret-1secret-1 short"), "a *** b ****** short");
}

TEST_F(VaultTest, ForgetsTheValuesOfAnInvocationThatNobodyElseHas) {
  bench_.store.put_secret({"team", "hf"}, {{"token", "hf_0123456789"}, {"other", "other-0123456789"}});
  const auto first = object_;
  object_ = std::make_shared<Invocation>(*object_);
  object_->meta.uid = "uid-of-another";
  const auto other = object_;
  const auto read = [&](const auto& object, const char* key) {
    object_ = object;
    EXPECT_TRUE(value(invocation::SecretKeyRef{"hf", key}).ok());
  };
  read(first, "token");
  read(first, "token");
  read(other, "token");
  read(other, "other");
  const std::string text = "hf_0123456789 other-0123456789";
  bench_.vault.forget(other->meta.uid);
  EXPECT_EQ(bench_.vault.cleaned(text), "*** other-0123456789");
  bench_.vault.forget(first->meta.uid);
  bench_.vault.forget(first->meta.uid);
  EXPECT_EQ(bench_.vault.cleaned(text), text);
  bench_.log.info(text);
  EXPECT_TRUE(bench_.logged(text));
  read(first, "token");
  EXPECT_EQ(bench_.vault.cleaned(text), "*** other-0123456789");
}

TEST_F(VaultTest, LearnsTheSecretsOfAnInvocationThatRanBeforeARestart) {
  bench_.store.put_secret({"team", "hf"}, {{"token", "hf_0123456789"}});
  object_->spec = yaml(
      "{deployment: {type: nim, envs: [{name: HF, valueFrom: {secretKeyRef: {name: hf, key: token}}}], "
      "apiTokens: [{value: literal-token-1}]}}");
  invocation::Resolved resolved;
  resolved.token_key_id = "k1";
  resolved.defaults = base::json_object();
  object_->status.resolved = resolved;
  const auto ended = bench_.start(bench_.vault.learn(bench_.root, object_));
  ASSERT_TRUE(*ended);
  const std::string generated = base::hmac_sha256_hex("0123456789abcdef", "uid-1");
  EXPECT_EQ(bench_.vault.cleaned("hf_0123456789 literal-token-1 " + generated), "*** *** ***");
}

TEST_F(VaultTest, TakesLiteralVariablesOutOfForeignTextButNotOutOfOurOwnLog) {
  object_->spec = yaml(
      "{deployment: {type: nim, envs: [{name: KEY, value: literal-env-1}]}, execution: {envs: [{name: CACHE, value: /data/cache-2}]}, "
      "evaluation: {tasks: [{name: a, envs: [{name: KEY, value: literal-env-3}]}]}}");
  object_->status.resolved = invocation::Resolved{};
  object_->status.resolved->defaults = base::json_object();
  ASSERT_TRUE(*bench_.start(bench_.vault.learn(bench_.root, object_)));
  EXPECT_EQ(bench_.vault.cleaned("literal-env-1 /data/cache-2 literal-env-3"), "*** *** ***");
  bench_.log.info("directory /data/cache-2");
  EXPECT_TRUE(bench_.logged("/data/cache-2"));
}

}  // namespace
}  // namespace lepton_operator::reconcile::test
