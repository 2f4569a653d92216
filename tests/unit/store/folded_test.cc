#include "store/folded.h"

#include <gtest/gtest.h>

#include "invocation/codec.h"
#include "kube/repetition.h"

namespace lepton_operator::store {
namespace {

constexpr const char* kListed =
    R"({"metadata":{"annotations":{"a":"b","kubectl.kubernetes.io/last-applied-configuration":"{}"},"finalizers":["lepton.dev/cleanup"],)"
    R"("generation":2,"managedFields":[{"fieldsV1":{"f:x":{},"a":"\"]}"}}],"name":"llama","namespace":"team","resourceVersion":"7",)"
    R"("uid":"u1"},"spec":{"suspend":true},"status":{"phase":"Failed","progress":"1/3"}})";

TEST(Folded, IsTheObjectThatItsTextWas) {
  const auto parsed = base::parse_json(kListed, "test");
  ASSERT_TRUE(parsed.ok());
  auto object = std::make_shared<invocation::Invocation>(invocation::decode_invocation(*parsed));
  object->meta.annotations.erase(kube::kLastApplied);
  object->mark.print = 5;
  object->mark.revision = 3;
  const std::string whole = base::to_text(invocation::encode(*object));
  base::Packer packer;
  for (const char* text : {kListed, ""}) {
    const FoldedInvocation folded(packer, std::make_shared<const invocation::Invocation>(*object), text);
    const auto unfolded = folded.unfold();
    EXPECT_EQ(base::to_text(invocation::encode(*unfolded)), whole);
    EXPECT_EQ(unfolded->mark.print, 5U);
    EXPECT_EQ(unfolded->mark.revision, 3);
    EXPECT_EQ(folded.unfold(), unfolded) << "once made, it is given for as long as somebody holds it";
  }
}

}  // namespace
}  // namespace lepton_operator::store
