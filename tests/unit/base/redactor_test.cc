#include "base/redactor.h"

#include <gmock/gmock.h>

#include "base/hash.h"
#include "base/http.h"
#include "base/json.h"
#include "support/repeats.h"

namespace lepton_operator::base {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Redactor, TakesEachValueOutTheLongestFirst) {
  Redactor redactor;
  EXPECT_TRUE(redactor.add("secret-1"));
  EXPECT_TRUE(redactor.add("secret-1-and-more"));
  EXPECT_FALSE(redactor.add("secret-1"));
  EXPECT_EQ(redactor.clean("a secret-1-and-more b secret-1secret-1 secret-2"), "a *** b ****** secret-2");
  EXPECT_EQ(redactor.clean(""), "");
}

TEST(Redactor, ForgetsWhatIsRemovedAsOftenAsItWasAdded) {
  Redactor redactor;
  redactor.add("secret-1");
  redactor.add("secret-1");
  redactor.add("secret-1-and-more");
  redactor.remove("secret-1");
  EXPECT_EQ(redactor.clean("secret-1 secret-2"), "*** secret-2");
  redactor.remove("secret-1");
  EXPECT_EQ(redactor.clean("secret-1 secret-1-and-more"), "secret-1 ***");
  redactor.remove("secret-1");
  redactor.remove("never added");
  redactor.remove("short");
  redactor.remove("secret-1-and-more");
  EXPECT_FALSE(redactor.found_in("secret-1-and-more " + base64_encode("secret-1-and-more")));
  EXPECT_TRUE(redactor.add("secret-1"));
  EXPECT_TRUE(redactor.found_in("secret-1"));
}

TEST(Redactor, KeepsAFormThatAnotherValueHasToo) {
  Redactor redactor;
  redactor.add("a/secret/b");
  redactor.add("a%2Fsecret%2Fb");  // as the first is written in a path
  redactor.remove("a/secret/b");
  EXPECT_TRUE(redactor.found_in("a%2Fsecret%2Fb"));
}

TEST(Redactor, LeavesNothingOfValuesThatOverlap) {
  Redactor redactor;
  redactor.add("abcdefgh12345678");
  redactor.add("12345678tail-of-it");
  EXPECT_EQ(redactor.clean("<abcdefgh12345678tail-of-it>"), "<***>");
}

TEST(Redactor, DoesNotTakeWordsForSecrets) {
  Redactor redactor;
  EXPECT_FALSE(redactor.add("debug"));
  EXPECT_FALSE(redactor.found_in("debug debug debug"));
  EXPECT_EQ(redactor.clean("debug and release"), "debug and release");
}

TEST(Redactor, KnowsAValueInEveryFormThatAnAnswerMayGiveIt) {
  // With what JSON escapes, what a URL encodes, and bits that make all of Base64's digits.
  const std::string secret = "q\"u\\o/t~e?d \xfb\xff\xfe+=\n-end";
  Redactor redactor;
  redactor.add(secret);
  const std::string json = to_text(Json::string(secret));
  const std::string percent = "q%22u%5co%2ft~e%3fd%20%fb%ff%fe%2b%3d%0a-end";
  for (const std::string& form : {secret, json.substr(1, json.size() - 2), encode_segment(secret), percent,
                                  std::string("q%22u%5Co/t~e%3Fd%20%FB%FF%FE%2B%3D%0A-end")}) {
    EXPECT_TRUE(redactor.found_in("x" + form + "x")) << form;
    EXPECT_EQ(redactor.clean("x" + form + "x"), "x***x") << form;
  }
}

TEST(Redactor, KnowsAValueInBase64WhereverItStands) {
  const std::string secret = "nvapi-\xfb\xff\xfe-7Q1z";
  Redactor redactor;
  redactor.add(secret);
  for (const std::string before : {"", "u", "us", "user:", "someone:"}) {
    for (const std::string after : {"", "@", "@h", "@host"}) {
      const std::string encoded = base64_encode(before + secret + after);
      const std::string cleaned = redactor.clean("Basic " + encoded);
      EXPECT_THAT(cleaned, HasSubstr("***")) << encoded;
      // What is left decides less than a byte on either side of the value.
      EXPECT_LE(cleaned.size(), std::string("Basic ***").size() + (4 * before.size() + 2) / 3 + (4 * after.size() + 2) / 3 + 4) << cleaned;
    }
  }
  EXPECT_EQ(redactor.clean(base64_encode("other-\xfb\xff\xfe-7Q1z")), base64_encode("other-\xfb\xff\xfe-7Q1z"));
}

TEST(Redactor, TakesOnePassHoweverManySecretsThereAre) {
  Redactor redactor;
  const int secrets = support::repeats(10'000);
  for (int i = 0; i < secrets; ++i) redactor.add("token-" + sha256_hex(std::to_string(i)));
  std::string text;
  for (int i = 0; i < 200; ++i) text += "line " + std::to_string(i) + " token-" + sha256_hex(std::to_string(i * (secrets / 200))) + "\n";
  const std::string cleaned = redactor.clean(text);
  EXPECT_THAT(cleaned, Not(HasSubstr("token-")));
  EXPECT_THAT(cleaned, HasSubstr("line 199 ***\n"));
}

// As keys of one issuer do, in Base64 as well: text that repeats how they begin must not cost as much as there are keys.
TEST(Redactor, TellsApartThousandsOfValuesThatBeginAlike) {
  Redactor redactor;
  const int secrets = support::repeats(5'000);
  const auto secret = [](int i) { return "nvapi-0000" + sha256_hex(std::to_string(i)); };
  for (int i = 0; i < secrets; ++i) redactor.add(secret(i));
  std::string text;
  for (int i = 0; i < 200; ++i)
    text += "nvapi-0000 nvapi-0000" + std::string(64, '0') + " " + base64_encode("nvapi-0000 and no more") + " ";
  EXPECT_EQ(redactor.clean(text), text);
  EXPECT_EQ(redactor.clean(text + secret(7)), text + "***");
  for (int i = 0; i < secrets; i += 2) redactor.remove(secret(i));
  EXPECT_FALSE(redactor.found_in(secret(0)));
  EXPECT_EQ(redactor.clean(secret(1) + "x"), "***x");
}

}  // namespace
}  // namespace lepton_operator::base
