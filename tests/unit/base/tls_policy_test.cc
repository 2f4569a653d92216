#include "base/tls_policy.h"

#include <cstdlib>
#include <filesystem>
#include <future>

#include <cpprest/http_client.h>
#include <gmock/gmock.h>
#include <openssl/pem.h>

#include "base/clock.h"
#include "base/files.h"
#include "base/http_cpprest.h"
#include "unit/base/raw_server.h"
#include "unit/base/run.h"

namespace lepton_operator::base {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

void always_ok(RawConnection& connection, const std::string&) { connection.write(answer(200, "ok")); }

class TlsPolicyOnTheWire : public ::testing::Test {
 protected:
  TlsPolicyOnTheWire() { start_http_threads(2); }

  HttpClientOptions options(const RawServer& server) const {
    return {.base_url = "https://127.0.0.1:" + std::to_string(server.port()), .ca_data = server_identity_.certificate};
  }
  Result<HttpResponse> get(const HttpClientOptions& options) {
    const auto transport = make_http_transport(io_, options);
    if (!transport) return transport.error();
    return run(io_, (*transport)->send(root_.with_timeout(20s), {.path = "/x"}));
  }

  boost::asio::io_context io_;
  SystemClock clock_{io_};
  Context root_{clock_};
  const Identity server_identity_ = make_identity("IP:127.0.0.1");
  const Identity client_ = make_identity("DNS:client.test");
};

TEST_F(TlsPolicyOnTheWire, TrustsACaGivenAsText) {
  const RawServer server(always_ok, &server_identity_);
  const auto response = get(options(server));
  ASSERT_TRUE(response) << response.error().text();
  HttpClientOptions other = options(server);
  other.ca_data = client_.certificate;
  EXPECT_THAT(get(other).error().what, HasSubstr("is not trusted"));
}

// What OpenSSL takes for the system's certificates, for a while.
class SystemTrusts {
 public:
  explicit SystemTrusts(const std::string& pem) {
    std::string pattern = (std::filesystem::temp_directory_path() / "lepton-operator-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    EXPECT_TRUE(write_file_atomically(directory_ / "system.pem", pem));
    ::setenv("SSL_CERT_FILE", (directory_ / "system.pem").c_str(), 1);
  }
  ~SystemTrusts() {
    ::unsetenv("SSL_CERT_FILE");
    std::filesystem::remove_all(directory_);
  }

 private:
  std::filesystem::path directory_;
};

TEST_F(TlsPolicyOnTheWire, TrustsWhomTheSystemTrustsWhenNobodyIsNamed) {
  const RawServer server(always_ok, &server_identity_);
  HttpClientOptions unnamed = options(server);
  unnamed.ca_data.reset();
  EXPECT_THAT(get(unnamed).error().what, HasSubstr("is not trusted"));
  const SystemTrusts trusts(server_identity_.certificate);
  EXPECT_TRUE(get(unnamed));
}

// It would do so for each connection, before anything of ours is asked.
TEST_F(TlsPolicyOnTheWire, LetsCpprestsdkReadNoCertificatesOfTheSystem) {
  const RawServer server(always_ok, &server_identity_);
  const SystemTrusts trusts(server_identity_.certificate);
  std::promise<int> read;
  web::http::client::http_client_config config;
  config.set_ssl_context_callback([&](boost::asio::ssl::context& context) {
    read.set_value(sk_X509_OBJECT_num(X509_STORE_get0_objects(SSL_CTX_get_cert_store(context.native_handle()))));
  });
  web::http::client::http_client client("https://127.0.0.1:" + std::to_string(server.port()), config);
  EXPECT_THROW(client.request(web::http::methods::GET, "/x").get(), web::http::http_exception) << "without a policy nobody is trusted";
  EXPECT_EQ(read.get_future().get(), 0);
}

TEST_F(TlsPolicyOnTheWire, TrustsWhoeverIsNamedAndNobodyAboveIt) {
  const Identity root = make_identity("DNS:root.test");
  const Identity issued = make_identity("IP:127.0.0.1", &root);
  const RawServer server(always_ok, &issued);
  HttpClientOptions by_its_issuer = options(server);
  by_its_issuer.ca_data = root.certificate;
  EXPECT_TRUE(get(by_its_issuer));
  HttpClientOptions itself = options(server);
  itself.ca_data = issued.certificate;
  const auto response = get(itself);
  EXPECT_TRUE(response) << response.error().text();
}

TEST_F(TlsPolicyOnTheWire, TellsACertificateThatExpiredOrIsNotValidYet) {
  const Identity root = make_identity("DNS:root.test");
  const struct {
    Validity validity;
    const char* says;
  } table[] = {{{-48h, -1h}, "is not trusted: certificate has expired"}, {{1h, 48h}, "is not trusted: certificate is not yet valid"}};
  for (const auto& row : table) {
    const Identity identity = make_identity("IP:127.0.0.1", &root, row.validity);
    const RawServer server(always_ok, &identity);
    HttpClientOptions with = options(server);
    with.ca_data = root.certificate;
    const auto response = get(with);
    ASSERT_FALSE(response) << row.says;
    EXPECT_EQ(response.error().kind, ErrorKind::kUnreachable);
    EXPECT_THAT(response.error().what, HasSubstr(row.says));
    EXPECT_THAT(server.requests(), IsEmpty());
  }
}

TEST_F(TlsPolicyOnTheWire, TellsACaThatExpiredThoughTheCertificateDidNot) {
  const Identity root = make_identity("DNS:root.test", nullptr, {-48h, -1h});
  const Identity identity = make_identity("IP:127.0.0.1", &root);
  const RawServer server(always_ok, &identity);
  HttpClientOptions with = options(server);
  with.ca_data = root.certificate;
  EXPECT_THAT(get(with).error().what, HasSubstr("certificate has expired"));
  EXPECT_THAT(server.requests(), IsEmpty());
}

TEST_F(TlsPolicyOnTheWire, ShowsTheClientCertificateToWhoAsksForIt) {
  const RawServer server(always_ok, &server_identity_, &client_.certificate);
  HttpClientOptions with = options(server);
  with.client_certificate = client_.certificate;
  with.client_key = client_.key;
  const auto response = get(with);
  ASSERT_TRUE(response) << response.error().text();
  EXPECT_EQ(response->body, "ok");
}

TEST_F(TlsPolicyOnTheWire, IsRefusedWithoutOrWithAnotherClientCertificate) {
  const RawServer server(always_ok, &server_identity_, &client_.certificate);
  EXPECT_FALSE(get(options(server)));
  const Identity other = make_identity("DNS:other.test");
  HttpClientOptions wrong = options(server);
  wrong.client_certificate = other.certificate;
  wrong.client_key = other.key;
  EXPECT_FALSE(get(wrong));
  EXPECT_THAT(server.requests(), IsEmpty());
}

TEST_F(TlsPolicyOnTheWire, ShowsTheChainUpToTheCaThatTheServerKnows) {
  const Identity root = make_identity("DNS:root.test");
  const Identity between = make_identity("DNS:between.test", &root);
  const Identity leaf = make_identity("DNS:leaf.test", &between);
  const RawServer server(always_ok, &server_identity_, &root.certificate);
  HttpClientOptions whole = options(server);
  whole.client_certificate = leaf.certificate + between.certificate;
  whole.client_key = leaf.key;
  const auto response = get(whole);
  EXPECT_TRUE(response) << response.error().text();
  HttpClientOptions leaf_only = whole;
  leaf_only.client_certificate = leaf.certificate;
  EXPECT_FALSE(get(leaf_only));
  EXPECT_THAT(server.requests(), SizeIs(1));
}

TEST_F(TlsPolicyOnTheWire, ShowsTheClientCertificateOnStreamsToo) {
  const RawServer server(always_ok, &server_identity_, &client_.certificate);
  HttpClientOptions with = options(server);
  with.client_certificate = client_.certificate;
  with.client_key = client_.key;
  const auto transport = make_http_transport(io_, with).value();
  const auto stream = run(io_, transport->open(root_.with_timeout(20s), {.path = "/x"}));
  ASSERT_TRUE(stream) << stream.error().text();
  EXPECT_EQ(*run(io_, (*stream)->read(root_)), "ok");
}

std::string encrypted(const std::string& key_pem) {
  BIO* source = BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(source, nullptr, nullptr, nullptr);
  BIO* out = BIO_new(BIO_s_mem());
  std::string password = "password";
  PEM_write_bio_PKCS8PrivateKey(out, key, EVP_aes_128_cbc(), password.data(), static_cast<int>(password.size()), nullptr, nullptr);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(out, &data);
  std::string pem(data, static_cast<std::size_t>(size));
  BIO_free(source);
  BIO_free(out);
  EVP_PKEY_free(key);
  return pem;
}

TEST(TlsPolicy, TellsWhatCannotBeUsedWithoutRepeatingIt) {
  const Identity one = make_identity("DNS:one.test");
  const Identity two = make_identity("DNS:two.test");
  const struct {
    std::optional<std::string> ca, certificate, key;
    const char* says;
  } table[] = {
      {"secret", {}, {}, "the CA data: holds no certificate in PEM form"},
      {"", {}, {}, "the CA data: holds no certificate in PEM form"},
      {{}, one.certificate, {}, "a client certificate and its key are of use only together"},
      {{}, {}, one.key, "a client certificate and its key are of use only together"},
      {{}, "secret", one.key, "the client certificate is not a certificate in PEM form"},
      {{}, one.certificate, "secret", "the client key is not an unencrypted private key in PEM form"},
      {{}, one.certificate, encrypted(one.key), "the client key is not an unencrypted private key in PEM form"},
      {{}, one.certificate, two.key, "the client key does not belong to the client certificate"},
  };
  for (const auto& row : table) {
    const auto policy =
        TlsPolicy::make({.name = "x.test", .ca_data = row.ca, .client_certificate = row.certificate, .client_key = row.key});
    ASSERT_FALSE(policy) << row.says;
    EXPECT_EQ(policy.error().kind, ErrorKind::kInvalid);
    EXPECT_EQ(policy.error().text(), row.says);
    EXPECT_THAT(policy.error().text(), Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace lepton_operator::base
