#include <gmock/gmock.h>

#include "workspace_under_test.h"

namespace lepton_operator::simulator {
namespace {

class StorageRoutes : public WorkspaceUnderTest {
 protected:
  void serve(StorageApi api) {
    Options options;
    options.storage_api = api;
    restart(options);
    simulator_->world().volumes["lepton-shared-fs"].write("/shared/w/0123/results.yml", "score: 1\n");
  }
  int head(const std::string& path) { return ask("HEAD", "/storage/" + path).status; }
};

TEST_F(StorageRoutes, ServeTheVolumeByItsName) {
  serve(StorageApi::kName);
  EXPECT_EQ(head("lepton-shared-fs/shared/w/0123"), 200);
  EXPECT_EQ(head("node-nfs:lepton-shared-fs/shared/w/0123"), 404);
  EXPECT_THAT(ask("GET", "/storage").body, testing::HasSubstr("\"lepton-shared-fs\""));
}

TEST_F(StorageRoutes, ServeTheVolumeByTheMountsLiteral) {
  serve(StorageApi::kLiteral);
  EXPECT_EQ(head("lepton-shared-fs/shared/w/0123"), 404);
  EXPECT_EQ(head("node-nfs:lepton-shared-fs/shared/w/0123"), 200);
  EXPECT_EQ(head("node-nfs%3Alepton-shared-fs/shared/w/0123"), 200);
}

TEST_F(StorageRoutes, AreAbsentAltogether) {
  serve(StorageApi::kAbsent);
  const Response response = ask("GET", "/storage");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers.at("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(head("lepton-shared-fs/shared/w/0123"), 404);
}

TEST_F(StorageRoutes, ListAnotherVolumeOfTheSameName) {
  serve(StorageApi::kOtherVolume);
  EXPECT_THAT(ask("GET", "/storage").body, testing::HasSubstr("\"lepton-shared-fs\""));
  EXPECT_EQ(head("lepton-shared-fs/"), 200);
  EXPECT_EQ(head("lepton-shared-fs/shared/w/0123"), 404);
}

TEST_F(StorageRoutes, ShowDirectoriesAndFiles) {
  serve(StorageApi::kName);
  EXPECT_EQ(get("/storage/lepton-shared-fs/shared/w"), json(R"([{"type":"dir","name":"0123","path":"/shared/w/0123"}])"));
  EXPECT_EQ(ask("GET", "/storage/lepton-shared-fs/shared/w/0123/results.yml").body, "score: 1\n");
  EXPECT_EQ(ask("GET", "/storage/lepton-shared-fs/shared/nothing").status, 404);
  EXPECT_EQ(ask("GET", "/storage/lepton-shared-fs/shared/../x").status, 400);
  EXPECT_EQ(ask("GET", "/storage/lepton-shared-fs/shared/%2e%2e/x").status, 400);
}

TEST_F(StorageRoutes, DeleteAFullDirectoryOnlyWithRemoveall) {
  serve(StorageApi::kName);
  EXPECT_EQ(ask("DELETE", "/storage/lepton-shared-fs/shared/w/0123").status, 400);
  EXPECT_EQ(head("lepton-shared-fs/shared/w/0123/results.yml"), 200);
  EXPECT_EQ(ask("DELETE", "/storage/lepton-shared-fs/shared/w/0123?removeall=true").status, 200);
  EXPECT_EQ(head("lepton-shared-fs/shared/w/0123"), 404);
  EXPECT_EQ(head("lepton-shared-fs/shared/w"), 200);
  EXPECT_EQ(ask("DELETE", "/storage/lepton-shared-fs/shared/w/0123?removeall=true").status, 404);
  EXPECT_EQ(ask("DELETE", "/storage/lepton-shared-fs/?removeall=true").status, 400);
}

TEST_F(StorageRoutes, RemoveNoNeighbourOfTheSamePrefix) {
  serve(StorageApi::kName);
  simulator_->world().volumes["lepton-shared-fs"].write("/shared/w/01234/results.yml", "");
  ask("DELETE", "/storage/lepton-shared-fs/shared/w/0123?removeall=true");
  EXPECT_EQ(head("lepton-shared-fs/shared/w/01234/results.yml"), 200);
}

TEST_F(StorageRoutes, TakeDirectoriesAndUploads) {
  serve(StorageApi::kName);
  EXPECT_EQ(ask("PUT", "/storage/lepton-shared-fs/shared/new").status, 200);
  EXPECT_EQ(head("lepton-shared-fs/shared/new"), 200);
  Request upload = made("POST", "/storage/lepton-shared-fs/shared/new/a.txt",
                        "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhello\r\n--B--\r\n");
  upload.headers["content-type"] = "multipart/form-data; boundary=B";
  EXPECT_EQ(simulator_->handle(upload).status, 200);
  EXPECT_EQ(file("/shared/new/a.txt"), "hello");
  upload.headers["content-type"] = "text/plain";
  EXPECT_EQ(simulator_->handle(upload).status, 400);
}

}  // namespace
}  // namespace lepton_operator::simulator
