#include "cli/manifest_input.h"

#include <istream>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "base/files.h"
#include "base/strings.h"
#include "cli/overrides.h"

namespace lepton_operator::cli {

namespace {

using base::Result;
using store::Document;
using store::Kind;

Result<std::string> text_of(const std::string& file, std::istream& standard_input) {
  if (file != "-") return base::read_file(file);
  return std::string(std::istreambuf_iterator<char>(standard_input), {});
}

std::string called(const Document& document) { return std::string(store::to_string(document.kind)) + " " + document.key.text(); }

// Reads files one after the other, and keeps what was found.
class Reader {
 public:
  Reader(const ManifestInput& input, Session& session) : input_(input), session_(session) {}

  std::optional<Trouble> add(const std::string& file) {
    const std::string source = file == "-" ? "standard input" : file;
    const Result<std::string> text = text_of(file, session_.in());
    if (session_.interrupted_meanwhile()) return Trouble{ExitCode::kInterrupted, source + ": interrupted while it was read"};
    if (!text) return wrong_usage(text.error().text(), "-f takes a file, or - for standard input");
    Result<std::vector<base::YamlDocument>> documents = base::parse_yaml(*text, source);
    if (!documents) return wrong_usage(documents.error().text());
    for (base::YamlDocument& document : *documents) {
      if (auto trouble = lay_over(document)) return trouble;
      if (auto trouble = place(document, source)) return trouble;
    }
    return keep(store::read_manifest(file, source, std::move(*documents)));
  }

  std::optional<Trouble> end() const {
    if (documents_.empty()) return wrong_usage("the files hold no manifest", "an Invocation, a Workspace or a Secret");
    if (invocations_ == 0 && !input_.overrides.empty())
      return wrong_usage("there are overrides, but no Invocation in the files to lay them over");
    return std::nullopt;
  }

  std::vector<Document> take() { return std::move(documents_); }

 private:
  std::optional<Trouble> lay_over(base::YamlDocument& document) {
    if (base::get_string(document.value, "kind") != store::to_string(Kind::kInvocation)) return std::nullopt;
    ++invocations_;
    const Result<> done = apply_overrides(document.value, input_.overrides);
    if (done) return std::nullopt;
    return wrong_usage(done.error().text(), "`kubectl explain invocation.spec` and docs/cli.md tell what can be overridden");
  }

  std::optional<Trouble> place(base::YamlDocument& document, const std::string& source) const {
    const base::Json& metadata = base::get_object(document.value, "metadata");
    if (base::find(metadata, "name") == nullptr) return std::nullopt;  // told by whoever reads it
    const base::Json* written = base::find(metadata, "namespace");
    if (written == nullptr) {
      document.value["metadata"]["namespace"] = base::Json::string(input_.namespace_);
    } else if (input_.only_there && written->is_string() && written->as_string() != input_.namespace_) {
      return wrong_usage(source + ":" + std::to_string(document.line_of("metadata.namespace")) + ": is of the namespace " +
                         base::clipped(written->as_string(), 80) + ", not of " + input_.namespace_ + " as --namespace has it");
    }
    return std::nullopt;
  }

  std::optional<Trouble> keep(store::ManifestFile file) {
    std::vector<std::string> errors = file.errors;
    for (const Document& document : file.documents) errors.insert(errors.end(), document.errors.begin(), document.errors.end());
    if (!errors.empty()) return wrong_usage(base::join(errors, "\n"));
    for (Document& document : file.documents) {
      const auto [known, added] = where_.emplace(called(document), document.where(""));
      if (!added) return wrong_usage(document.where("") + ": " + called(document) + " stands at " + known->second + " already");
      documents_.push_back(std::move(document));
    }
    return std::nullopt;
  }

  const ManifestInput& input_;
  Session& session_;
  std::vector<Document> documents_;
  std::map<std::string, std::string> where_;
  int invocations_ = 0;
};

}  // namespace

Found<std::vector<Document>> read_manifests(const ManifestInput& input, Session& session) {
  Reader reader(input, session);
  for (const std::string& file : input.files) {
    if (auto trouble = reader.add(file)) return *std::move(trouble);
  }
  if (auto trouble = reader.end()) return *std::move(trouble);
  return reader.take();
}

}  // namespace lepton_operator::cli
