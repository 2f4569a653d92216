#include "kube/token.h"

#include <optional>
#include <utility>

#include "base/files.h"
#include "kube/exec_credential.h"
#include "kube/exec_plugin.h"

namespace lepton_operator::kube {

namespace {

using base::Error;
using base::ErrorKind;
using base::Result;

constexpr std::chrono::seconds kReadAgain{60};
constexpr std::size_t kLargestToken = 64u << 10;

class FixedToken final : public TokenSource {
 public:
  explicit FixedToken(std::string token) : token_(std::move(token)) {}
  boost::asio::awaitable<Result<std::string>> token(base::Context) override { co_return token_; }
  void refused() override {}

 private:
  std::string token_;
};

std::string without_line_end(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  return text;
}

class TokenFile final : public TokenSource {
 public:
  TokenFile(base::Clock& clock, std::filesystem::path path) : clock_(clock), path_(std::move(path)) {}

  boost::asio::awaitable<Result<std::string>> token(base::Context) override {
    if (token_ && clock_.now() < read_again_at_) co_return *token_;
    Result<std::string> read = read_token();
    if (read) {
      token_ = std::move(read).value();
      read_again_at_ = clock_.now() + kReadAgain;
    } else if (!token_) {
      co_return read.error();
    }
    // While the file cannot be read, what it held before may still serve.
    co_return *token_;
  }

  void refused() override { read_again_at_ = {}; }

 private:
  Result<std::string> read_token() const {
    Result<std::string> text = base::read_file(path_, kLargestToken);
    if (!text) return Error{ErrorKind::kUnreachable, "the token file cannot be read: " + text.error().what, path_.string()};
    std::string token = without_line_end(std::move(text).value());
    if (token.empty()) return Error{ErrorKind::kUnreachable, "the token file is empty", path_.string()};
    if (!usable_token(token)) return Error{ErrorKind::kUnreachable, "the token file holds characters that no token has", path_.string()};
    return token;
  }

  base::Clock& clock_;
  std::filesystem::path path_;
  std::optional<std::string> token_;
  base::Timestamp read_again_at_{};
};

}  // namespace

std::unique_ptr<TokenSource> make_token_source(boost::asio::io_context& io, base::Clock& clock, const ClusterConfig& config) {
  if (config.token_file) return std::make_unique<TokenFile>(clock, *config.token_file);
  if (config.token) return std::make_unique<FixedToken>(*config.token);
  if (config.exec) return make_exec_token_source(io, clock, config);
  return std::make_unique<FixedToken>("");
}

}  // namespace lepton_operator::kube
