// The answer to a write, against what reading it whole would show.
#include "store/written.h"

#include <gtest/gtest.h>

#include "invocation/codec.h"
#include "store/kubernetes_sinks.h"
#include "store/kubernetes_writes.h"

namespace lepton_operator::store {
namespace {

using base::Json;
using invocation::Invocation;
using invocation::InvocationStatus;
using Sent = std::optional<SentStatus<InvocationStatus>>;

class WrittenTest : public testing::Test {
 protected:
  WrittenTest() {
    decode(json(R"({"apiVersion":"lepton.dev/v1alpha1","kind":"Invocation",)"
                R"("metadata":{"generation":2,"name":"llama","namespace":"team","resourceVersion":"5","uid":"u-1"},)"
                R"("spec":{"deployment":{"type":"none"}},"status":{"phase":"Running","progress":"1/3","revision":7}})"),
           read_);
    InvocationStatus next = read_.status;
    next.progress = "2/3";
    sent_ = sent(next);
  }

  static Json json(const std::string& text) { return base::parse_json(text, "test").value(); }

  Sent sent(const InvocationStatus& status) const {
    Json encoded = encode(status);
    const std::int64_t revision = next_revision(read_.mark);
    encoded[kRevision] = Json::number(revision);
    return SentStatus<InvocationStatus>{status, base::to_text(encoded), revision};
  }

  // As the API server would show it after a write.
  Json shown() const {
    Json object = encode(read_);
    object["metadata"]["resourceVersion"] = Json::string("6");
    object["status"] = json(sent_->text);
    return object;
  }

  // What it is, whether it was known or read.
  Invocation written_as(const Sent& sent, const Json& answer) const {
    const base::Result<Invocation> object = written(read_, sent, base::to_text(answer));
    EXPECT_TRUE(object) << object.error().text();
    Invocation whole;
    decode(answer, whole);
    EXPECT_EQ(base::to_text(encode(*object)), base::to_text(encode(whole)));
    EXPECT_EQ(object->mark.present, whole.mark.present);
    EXPECT_EQ(object->mark.revision, whole.mark.revision);
    EXPECT_EQ(object->mark.print, whole.mark.print);
    EXPECT_EQ(object->mark.altered, whole.mark.altered);
    return *object;
  }
  bool shares_spec(const Invocation& object) const { return &*object.spec == &*read_.spec; }

  Invocation read_;
  Sent sent_;
};

TEST_F(WrittenTest, AStatusThatIsAsItWasSentIsNotReadAgain) { EXPECT_TRUE(shares_spec(written_as(sent_, shown()))); }

TEST_F(WrittenTest, AStatusIsReadWhereTheServerShowsAnother) {
  Json other = shown();
  other["status"]["progress"] = Json::string("0/3");
  EXPECT_EQ(written_as(sent_, other).status.progress, "0/3");
  other["status"] = base::json_object();
  EXPECT_EQ(written_as(sent_, other).status.progress, "");
}

TEST_F(WrittenTest, ASpecThatOthersWroteMeanwhileIsRead) {
  Json other = shown();
  other["metadata"]["generation"] = Json::number(3);
  other["spec"]["suspend"] = Json::boolean(true);
  EXPECT_EQ(base::get_bool(written_as(sent_, other).spec, "suspend"), true);
}

TEST_F(WrittenTest, AnotherObjectIsReadWhole) {
  Json other = shown();
  other["metadata"]["uid"] = Json::string("u-2");
  EXPECT_EQ(written_as(sent_, other).meta.uid, "u-2");
}

TEST_F(WrittenTest, MetadataIsAlwaysRead) {
  Json other = shown();
  other["metadata"]["finalizers"] = base::to_json({"a", "b"});
  other["metadata"]["annotations"]["x"] = Json::string("y");
  other["metadata"]["deletionTimestamp"] = Json::string("2026-01-02T03:04:05Z");
  const Invocation object = written_as(sent_, other);
  EXPECT_TRUE(shares_spec(object));
  EXPECT_TRUE(object.meta.has_finalizer("b"));
  EXPECT_EQ(object.meta.annotation("x"), "y");
  EXPECT_TRUE(object.meta.deleted);
}

TEST_F(WrittenTest, AWriteOfMetadataLeavesTheStatusThatWasRead) {
  Json answer = encode(read_);
  answer["status"][kRevision] = Json::number(7);
  answer["metadata"]["finalizers"] = base::to_json({"a"});
  EXPECT_TRUE(shares_spec(written_as({}, answer)));
  answer["status"]["progress"] = Json::string("9/9");
  const Invocation object = written_as({}, answer);
  EXPECT_EQ(object.status.progress, "9/9");
  EXPECT_FALSE(shares_spec(object));
}

TEST_F(WrittenTest, WithoutAStatusThereIsNothingToKnow) {
  Json answer = encode(read_);
  answer.erase("status");
  EXPECT_FALSE(written_as({}, answer).mark.present);
  read_.status = {};
  read_.mark = {};
  EXPECT_FALSE(written_as({}, answer).mark.present);
}

TEST_F(WrittenTest, WhatIsNoObjectIsAnError) {
  EXPECT_FALSE(written(read_, sent_, "<html>"));
  EXPECT_FALSE(written(read_, sent_, ""));
}

}  // namespace
}  // namespace lepton_operator::store
