#include "kube/api.h"

#include <gmock/gmock.h>

#include "unit/base/run.h"
#include "unit/kube/scripted_transport.h"

namespace lepton_operator::kube {
namespace {

using namespace std::chrono_literals;
using base::ErrorKind;
using base::Method;
using test::ScriptedTransport;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

const Resource kPods{.group = "", .version = "v1", .plural = "pods"};
const Resource kInvocations{.group = "lepton.dev", .version = "v1alpha1", .plural = "invocations"};
const Resource kNodes{.group = "", .version = "v1", .plural = "nodes"};

// Tokens of a list, the next one after each refusal; the last stays.
class ListedTokens final : public TokenSource {
 public:
  explicit ListedTokens(std::vector<base::Result<std::string>> tokens) : tokens_(std::move(tokens)) {}
  boost::asio::awaitable<base::Result<std::string>> token(base::Context) override { co_return tokens_[at_]; }
  void refused() override {
    ++refusals;
    if (at_ + 1 < tokens_.size()) ++at_;
  }
  int refusals = 0;

 private:
  std::vector<base::Result<std::string>> tokens_;
  std::size_t at_ = 0;
};

class ApiTest : public ::testing::Test {
 protected:
  Api api(std::vector<base::Result<std::string>> tokens = {std::string("t0")}, ApiOptions options = {}) {
    auto source = std::make_unique<ListedTokens>(std::move(tokens));
    tokens_ = source.get();
    options.observe = [this](const char* method, int status) { observed_.emplace_back(method, status); };
    return Api(transport_, std::move(source), clock_, std::move(options));
  }
  template <class T>
  T run(boost::asio::awaitable<T> work) {
    return base::run(io_, std::move(work));
  }
  base::Error refused(int status, const std::string& body, std::map<std::string, std::string> headers = {}) {
    transport_->then(status, body, std::move(headers));
    Api one = api();
    return run(one.get(root_, kInvocations, {"team", "llama"})).error();
  }
  std::string path() const { return transport_->last().request.path; }
  std::string query() const { return base::encode_query(transport_->last().request.query); }

  boost::asio::io_context io_;
  base::ManualClock clock_{io_};
  Context root_{clock_};
  std::shared_ptr<ScriptedTransport> transport_ = std::make_shared<ScriptedTransport>();
  ListedTokens* tokens_ = nullptr;
  std::vector<std::pair<std::string, int>> observed_;
};

TEST_F(ApiTest, KnowsTheCoreGroupAndNamedOnesWithAndWithoutANamespace) {
  Api one = api();
  (void)run(one.get(root_, kPods, {"team", "a"}));
  EXPECT_EQ(path(), "/api/v1/namespaces/team/pods/a");
  (void)run(one.get(root_, kNodes, {"", "n1"}));
  EXPECT_EQ(path(), "/api/v1/nodes/n1");
  (void)run(one.get(root_, kInvocations, {"team", "llama"}));
  EXPECT_EQ(path(), "/apis/lepton.dev/v1alpha1/namespaces/team/invocations/llama");
  (void)run(one.list(root_, kInvocations, "", {}));
  EXPECT_EQ(path(), "/apis/lepton.dev/v1alpha1/invocations");
  EXPECT_EQ(query(), "");
  (void)run(one.get(root_, kPods, {"team", "../x"}));
  EXPECT_EQ(path(), "/api/v1/namespaces/team/pods/..%2Fx");
}

// Without its last segment the path is the collection's: a DELETE takes everything of the namespace away.
TEST_F(ApiTest, SendsNothingThatIsAskedOfOneObjectAndNamesNone) {
  Api one = api();
  for (const char* name : {"", ".", ".."}) {
    SCOPED_TRACE(name);
    const ObjectName nobody{"team", name};
    for (const base::Result<Json>& answer : {run(one.remove(root_, kInvocations, nobody)), run(one.get(root_, kInvocations, nobody)),
                                             run(one.patch(root_, kInvocations, nobody, "", PatchType::kMerge, base::json_object())),
                                             run(one.replace(root_, kInvocations, nobody, "status", base::json_object())),
                                             run(one.apply(root_, kInvocations, nobody, base::json_object(), {}))}) {
      ASSERT_FALSE(answer.ok());
      EXPECT_EQ(answer.error().kind, ErrorKind::kInvalid);
      EXPECT_THAT(answer.error().text(), HasSubstr("an object has to be named"));
    }
  }
  EXPECT_THAT(transport_->sent(), IsEmpty());
  (void)run(one.list(root_, kInvocations, "team", {}));
  EXPECT_EQ(path(), "/apis/lepton.dev/v1alpha1/namespaces/team/invocations");
}

TEST_F(ApiTest, PutsThePathOfTheServersUrlBeforeItsOwn) {
  Api behind = api({std::string()}, {.path_prefix = "/k8s/clusters/c1/"});
  (void)run(behind.list(root_, kPods, "team", {}));
  EXPECT_EQ(path(), "/k8s/clusters/c1/api/v1/namespaces/team/pods");
  (void)run(behind.server_version(root_));
  EXPECT_EQ(path(), "/k8s/clusters/c1/version");
}

TEST_F(ApiTest, TellsWhoItIsAndWhatItTakes) {
  Api one = api({std::string("t0")}, {.user_agent = "lepton-operator/1.0"});
  (void)run(one.get(root_, kPods, {"team", "a"}));
  EXPECT_EQ(transport_->last().header("Authorization"), "Bearer t0");
  EXPECT_EQ(transport_->last().header("User-Agent"), "lepton-operator/1.0");
  EXPECT_EQ(transport_->last().header("Accept"), "application/json");
  Api silent = api({std::string()});
  (void)run(silent.get(root_, kPods, {"team", "a"}));
  EXPECT_EQ(transport_->last().header("Authorization"), "");
}

TEST_F(ApiTest, ListsInPages) {
  Api one = api();
  (void)run(one.list(root_, kPods, "team", {.limit = 500, .resource_version = "0", .label_selector = "a=b,c", .field_selector = "x=y"}));
  EXPECT_EQ(query(), "limit=500&resourceVersion=0&labelSelector=a%3Db%2Cc&fieldSelector=x%3Dy");
  (void)run(one.list(root_, kPods, "team", {.limit = 500, .continue_token = "next==", .resource_version = "7"}));
  EXPECT_EQ(query(), "limit=500&continue=next%3D%3D");  // the server refuses a version with it
}

TEST_F(ApiTest, WatchesFromAVersionOn) {
  transport_->then(200, "{\"type\":");
  Api one = api();
  const auto stream = run(one.watch(root_, kPods, "", {.resource_version = "17", .label_selector = "a", .timeout = 400s}));
  ASSERT_TRUE(stream) << stream.error().text();
  EXPECT_EQ(*run((*stream)->read(root_)), "{\"type\":");
  EXPECT_TRUE(transport_->last().streamed);
  EXPECT_EQ(path(), "/api/v1/pods");
  EXPECT_EQ(query(), "watch=true&resourceVersion=17&timeoutSeconds=400&allowWatchBookmarks=true&labelSelector=a");
  EXPECT_THAT(observed_, ElementsAre(Pair("GET", 200)));
}

TEST_F(ApiTest, WritesObjectsByTheirMethods) {
  Json object = base::json_object();
  object["kind"] = Json::string("X");
  Api one = api();
  (void)run(one.create(root_, kInvocations, "team", object));
  EXPECT_EQ(transport_->last().request.method, Method::kPost);
  EXPECT_EQ(path(), "/apis/lepton.dev/v1alpha1/namespaces/team/invocations");
  EXPECT_EQ(transport_->last().request.content_type, "application/json");
  EXPECT_EQ(transport_->last().request.body, "{\"kind\":\"X\"}");
  (void)run(one.replace(root_, kInvocations, {"team", "llama"}, "status", object));
  EXPECT_EQ(transport_->last().request.method, Method::kPut);
  EXPECT_EQ(path(), "/apis/lepton.dev/v1alpha1/namespaces/team/invocations/llama/status");
  EXPECT_EQ(transport_->last().request.body, "{\"kind\":\"X\"}");
  (void)run(one.remove(root_, kInvocations, {"team", "llama"}));
  EXPECT_EQ(transport_->last().request.method, Method::kDelete);
  EXPECT_EQ(transport_->last().request.body, "");
}

TEST_F(ApiTest, NamesTheKindOfAPatchByItsContentType) {
  Api one = api({std::string("t0")}, {.user_agent = "lepton-operator/1.0 (test)"});
  const auto patch = [&](PatchType type) {
    (void)run(one.patch(root_, kPods, {"team", "a"}, "", type, base::json_object()));
    EXPECT_EQ(transport_->last().request.method, Method::kPatch);
    return transport_->last().request.content_type;
  };
  EXPECT_EQ(patch(PatchType::kMerge), "application/merge-patch+json");
  EXPECT_EQ(query(), "");
  EXPECT_EQ(patch(PatchType::kJson), "application/json-patch+json");
  EXPECT_EQ(patch(PatchType::kApply), "application/apply-patch+yaml");
  EXPECT_EQ(query(), "fieldManager=lepton-operator&force=true");
  EXPECT_EQ(patch(PatchType::kApplyUnforced), "application/apply-patch+yaml");
  EXPECT_EQ(query(), "fieldManager=lepton-operator&force=false");
}

TEST_F(ApiTest, LeavesOutOfThePatchedWhatItRepeatsOfItself) {
  transport_->then(200, R"({"metadata":{"managedFields":[{"manager":"x"}],"name":"llama","uid":"u"},"spec":{}})");
  Api one = api();
  const auto patched = run(one.patch(root_, kInvocations, {"team", "llama"}, "", PatchType::kMerge, base::json_object()));
  ASSERT_TRUE(patched);
  EXPECT_EQ(base::to_text(*patched), R"({"metadata":{"name":"llama","uid":"u"},"spec":{}})");
}

TEST_F(ApiTest, WaitsHalfAMinuteUnlessTheContextIsShorter) {
  Api one = api();
  (void)run(one.get(root_, kPods, {"team", "a"}));
  EXPECT_EQ(transport_->last().deadline, clock_.now() + 30s);
  (void)run(one.watch(root_.with_timeout(5s), kPods, "", {}));
  EXPECT_EQ(transport_->last().deadline, clock_.now() + 5s);
}

TEST_F(ApiTest, BringsTheObject) {
  transport_->then(201, "{\"metadata\":{\"name\":\"a\"}}");
  Api one = api();
  const auto object = run(one.create(root_, kPods, "team", base::json_object()));
  ASSERT_TRUE(object);
  EXPECT_EQ(base::get_string(base::get_object(*object, "metadata"), "name"), "a");
}

TEST_F(ApiTest, TakesAnAnswerThatIsNoJsonForMalformed) {
  const base::Error error = refused(200, "<html>login</html>");
  EXPECT_EQ(error.kind, ErrorKind::kMalformed);
  EXPECT_THAT(error.text(), HasSubstr("GET /apis/lepton.dev/v1alpha1/namespaces/team/invocations/llama: the answer is not JSON"));
}

TEST_F(ApiTest, HandsOnWhatTheTransportSays) {
  transport_->then_fail(ErrorKind::kInterrupted);
  Api one = api();
  EXPECT_EQ(run(one.create(root_, kPods, "team", base::json_object())).error().kind, ErrorKind::kInterrupted);
  EXPECT_EQ(run(one.watch(root_, kPods, "team", {})).error().kind, ErrorKind::kInterrupted);
  EXPECT_THAT(observed_, ElementsAre(Pair("POST", 0), Pair("GET", 0)));
  EXPECT_THAT(transport_->sent(), SizeIs(2));
}

struct StatusRow {
  const char* title;
  int http;
  const char* body;
  ErrorKind kind;
  int status;
  const char* what;
};

class StatusAnswer : public ApiTest, public ::testing::WithParamInterface<StatusRow> {};

TEST_P(StatusAnswer, IsTypedAndKeepsItsMessage) {
  const StatusRow& row = GetParam();
  const base::Error error = refused(row.http, row.body);
  EXPECT_EQ(error.kind, row.kind);
  EXPECT_EQ(error.status, row.status);
  EXPECT_EQ(error.what, row.what);
  EXPECT_EQ(error.where, "GET /apis/lepton.dev/v1alpha1/namespaces/team/invocations/llama");
}

INSTANTIATE_TEST_SUITE_P(
    OfTheApi, StatusAnswer,
    ::testing::Values(
        StatusRow{"NotFound", 404, R"({"kind":"Status","message":"invocations \"llama\" not found","reason":"NotFound","code":404})",
                  ErrorKind::kNotFound, 404, "invocations \"llama\" not found"},
        StatusRow{"AlreadyExists", 409, R"({"kind":"Status","message":"\"llama\" already exists","reason":"AlreadyExists","code":409})",
                  ErrorKind::kConflict, 409, "\"llama\" already exists"},
        StatusRow{"Conflict", 409, R"({"kind":"Status","message":"the object has been modified","reason":"Conflict","code":409})",
                  ErrorKind::kConflict, 409, "the object has been modified"},
        StatusRow{"Expired", 410, R"({"kind":"Status","message":"too old resource version: 1","reason":"Expired","code":410})",
                  ErrorKind::kNotFound, 410, "too old resource version: 1"},
        StatusRow{"Unauthorized", 401, R"({"kind":"Status","message":"Unauthorized","reason":"Unauthorized","code":401})",
                  ErrorKind::kUnauthorized, 401, "Unauthorized"},
        StatusRow{"Forbidden", 403, R"({"kind":"Status","message":"User \"x\" cannot get","reason":"Forbidden","code":403})",
                  ErrorKind::kForbidden, 403, "User \"x\" cannot get"},
        StatusRow{"MethodNotAllowed", 405, R"({"kind":"Status","message":"not supported","reason":"MethodNotAllowed","code":405})",
                  ErrorKind::kUnsupported, 405, "not supported"},
        StatusRow{"InvalidWithCausesInItsMessage", 422,
                  R"({"kind":"Status","message":"\"llama\" is invalid: spec.a: Required value: say a","reason":"Invalid","code":422,)"
                  R"("details":{"causes":[{"reason":"FieldValueRequired","message":"Required value: say a","field":"spec.a"}]}})",
                  ErrorKind::kInvalid, 422, "\"llama\" is invalid: spec.a: Required value: say a"},
        StatusRow{"InvalidWithCausesApart", 422,
                  R"({"kind":"Status","message":"denied","code":422,)"
                  R"("details":{"causes":[{"message":"too long","field":"spec.b"},{"message":"nor this"}]}})",
                  ErrorKind::kInvalid, 422, "denied; spec.b: too long; nor this"},
        StatusRow{"BadRequest", 400, R"({"kind":"Status","message":"unknown field","reason":"BadRequest","code":400})", ErrorKind::kInvalid,
                  400, "unknown field"},
        StatusRow{"Throttled", 429, R"({"kind":"Status","message":"too many requests","reason":"TooManyRequests","code":429})",
                  ErrorKind::kThrottled, 429, "too many requests"},
        StatusRow{"InternalError", 500, R"({"kind":"Status","message":"etcdserver: leader changed","reason":"InternalError","code":500})",
                  ErrorKind::kServer, 500, "etcdserver: leader changed"},
        StatusRow{"StatusWithoutAnything", 503, R"({"kind":"Status"})", ErrorKind::kServer, 503, "the API server answered 503"},
        StatusRow{"NoStatusButJson", 502, R"({"error":"upstream"})", ErrorKind::kServer, 502,
                  "the API server answered 502: {\"error\":\"upstream\"}"},
        StatusRow{"TextOfAnUnknownPath", 404, "404 page not found\n", ErrorKind::kNotFound, 404,
                  "the API server answered 404: 404 page not found"},
        StatusRow{"PageOfAProxy", 504, "<html>\r\n<h1>Gateway</h1>", ErrorKind::kServer, 504,
                  "the API server answered 504: <html>  <h1>Gateway</h1>"},
        StatusRow{"ProxyThatGaveUp", 408, "", ErrorKind::kTimeout, 408, "the API server answered 408"},
        StatusRow{"NoBody", 500, "", ErrorKind::kServer, 500, "the API server answered 500"},
        StatusRow{"Redirect", 302, "", ErrorKind::kMalformed, 302, "the API server answered 302"}),
    [](const auto& row) { return row.param.title; });

TEST_F(ApiTest, KeepsWhenToComeBack) {
  EXPECT_EQ(refused(429, R"({"kind":"Status","code":429,"details":{"retryAfterSeconds":2}})").retry_after, 2s);
}

TEST_F(ApiTest, BelievesTheHeaderMoreThanTheBody) {
  EXPECT_EQ(refused(429, R"({"kind":"Status","code":429,"details":{"retryAfterSeconds":2}})", {{"retry-after", "5"}}).retry_after, 5s);
}

TEST_F(ApiTest, KeepsWhenToComeBackOfAnswersThatAreNoStatus) {
  EXPECT_EQ(refused(503, "overloaded", {{"retry-after", "7"}}).retry_after, 7s);
}

TEST(ErrorOfAWatchEvent, GoesByItsCodeElseByItsReason) {
  const auto error_of = [](const char* text) { return error_from_status(*base::parse_json(text, ""), 200); };
  EXPECT_EQ(error_of(R"({"kind":"Status","code":410,"reason":"Expired","message":"old"})").status, 410);
  EXPECT_EQ(error_of(R"({"kind":"Status","reason":"Expired","message":"old"})").status, 410);
  EXPECT_EQ(error_of(R"({"kind":"Status","reason":"Expired","message":"old"})").kind, ErrorKind::kNotFound);
  EXPECT_EQ(error_of(R"({"kind":"Status","reason":"AlreadyExists"})").kind, ErrorKind::kConflict);
  EXPECT_EQ(error_of(R"({"kind":"Status","message":"odd"})").kind, ErrorKind::kMalformed);
}

TEST_F(ApiTest, AsksOnceMoreWithAFreshTokenAfterARefusal) {
  transport_->then(401, "").then(200, "{}");
  Api one = api({std::string("old"), std::string("new")});
  EXPECT_TRUE(run(one.create(root_, kPods, "team", base::json_object())));
  ASSERT_THAT(transport_->sent(), SizeIs(2));
  EXPECT_EQ(transport_->sent()[0].header("Authorization"), "Bearer old");
  EXPECT_EQ(transport_->sent()[1].header("Authorization"), "Bearer new");
  EXPECT_EQ(transport_->sent()[1].request.body, "{}");
  EXPECT_THAT(observed_, ElementsAre(Pair("POST", 401), Pair("POST", 200)));
}

TEST_F(ApiTest, WatchesOnceMoreWithAFreshTokenAfterARefusal) {
  transport_->then(401, "").then(200, "{}");
  Api one = api({std::string("old"), std::string("new")});
  EXPECT_TRUE(run(one.watch(root_, kPods, "team", {})));
  ASSERT_THAT(transport_->sent(), SizeIs(2));
  EXPECT_EQ(transport_->sent()[1].header("Authorization"), "Bearer new");
}

TEST_F(ApiTest, GivesUpWhenTheFreshTokenIsRefusedToo) {
  transport_->then(401, R"({"kind":"Status","message":"Unauthorized","code":401})");
  Api one = api({std::string("old"), std::string("new"), std::string("newer")});
  EXPECT_EQ(run(one.get(root_, kPods, {"team", "a"})).error().kind, ErrorKind::kUnauthorized);
  EXPECT_THAT(transport_->sent(), SizeIs(2));
}

TEST_F(ApiTest, DoesNotRepeatATokenThatWasRefused) {
  transport_->then(401, "");
  Api one = api({std::string("only")});
  EXPECT_EQ(run(one.get(root_, kPods, {"team", "a"})).error().kind, ErrorKind::kUnauthorized);
  EXPECT_THAT(transport_->sent(), SizeIs(1));
  EXPECT_EQ(tokens_->refusals, 1);
}

TEST_F(ApiTest, AsksNothingWithoutTheTokenItNeeds) {
  Api one = api({base::Error{.kind = ErrorKind::kInvalid, .what = "the plugin failed"}});
  EXPECT_EQ(run(one.get(root_, kPods, {"team", "a"})).error().what, "the plugin failed");
  EXPECT_THAT(transport_->sent(), IsEmpty());
  EXPECT_THAT(observed_, IsEmpty());
}

TEST_F(ApiTest, ReadsWhyAWatchIsRefusedToTheEnd) {
  transport_->then(410, R"({"kind":"Status","mess)", {}, {R"(age":"too old","reason":)", R"("Expired","code":410})"});
  Api one = api();
  const auto stream = run(one.watch(root_, kPods, "team", {.resource_version = "1"}));
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().status, 410);
  EXPECT_EQ(stream.error().text(), "GET /api/v1/namespaces/team/pods: too old");
}

}  // namespace
}  // namespace lepton_operator::kube
