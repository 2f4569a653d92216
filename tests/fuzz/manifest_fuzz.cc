// A manifest file, whatever is in it (store/manifest.h): every complaint says where, none tells a secret, and what was understood is
// understood again in any other layout.
#include <charconv>
#include <set>

#include "base/hash.h"
#include "fuzz/promise.h"
#include "fuzz/secret_lines.h"
#include "invocation/defaults.h"
#include "invocation/validation.h"
#include "store/manifest.h"
#include "store/manifest_chunks.h"

namespace lepton_operator::fuzz {

namespace {

using base::Json;

constexpr std::string_view kSource = "team/run.yaml";

store::ManifestFile parse(std::string_view text) { return store::parse_manifest("run.yaml", std::string(kSource), std::string(text)); }

// "team/run.yaml:14: ...", a line that the file has.
void require_place(std::string_view text, std::string_view sentence) {
  const std::string start = std::string(kSource) + ":";
  require(sentence.starts_with(start), "a complaint begins with the file's name", sentence);
  std::string_view rest = sentence.substr(start.size());
  int line = 0;
  const auto [end, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), line);
  require(failure == std::errc{}, "a complaint names the line", sentence);
  const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
  require(line >= 1 && line <= lines, "a complaint names a line that is there", sentence);
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  require(rest.starts_with(": ") && rest.size() > 4, "a complaint says what is wrong", sentence);
}

std::vector<std::string> sentences(const store::ManifestFile& file) {
  std::vector<std::string> all = file.errors;
  for (const store::Document& document : file.documents) all.insert(all.end(), document.errors.begin(), document.errors.end());
  return all;
}

// Of documents that are a Secret by their looks: what stands below data and stringData.
std::vector<std::string> secrets_by_lines(std::string_view text) {
  std::vector<std::string> values;
  for (const store::ManifestChunk& chunk : store::split_documents(text)) {
    if (base::get_string(store::guess_header(chunk.text), "kind") != "Secret") continue;
    bool within = false;
    for (const std::string_view line : lines_of(chunk.text)) {
      const bool outer = !line.empty() && line.front() != ' ';
      if (outer) within = line.starts_with("data:") || line.starts_with("stringData:");
      if (within && !outer) values.push_back(value_of_line(line));
    }
  }
  return values;
}

// Of documents that could be read: Secrets' values, and those of variables and tokens that are written out.
void add_written(const Json& value, std::vector<std::string>& values) {
  if (value.is_array()) {
    for (const Json& item : value.as_array()) add_written(item, values);
  }
  if (!value.is_object()) return;
  for (const auto& [name, member] : value.as_object()) {
    if (name == "value" && member.is_string()) values.push_back(member.as_string());
    add_written(member, values);
  }
}

std::vector<std::string> secrets_of(const store::ManifestFile& file) {
  std::vector<std::string> values;
  for (const store::Document& document : file.documents) {
    for (const auto& [name, value] : document.secret) values.push_back(value);
    add_written(document.spec, values);
  }
  return values;
}

void require_no_secret(std::string_view text, const store::ManifestFile& file) {
  std::vector<std::string> secrets = secrets_by_lines(text);
  const std::vector<std::string> written = secrets_of(file);
  secrets.insert(secrets.end(), written.begin(), written.end());
  const auto said = [](std::string_view of) { return sentences(parse(of)); };
  for (const std::string& secret : secrets) require_untold(text, secret, said);
}

// Written anew by ourselves, a document says the same: value, hash, and what is wrong with it.
void require_same_in_other_layout(const store::Document& document) {
  if (document.yaml.value.is_null()) return;  // it was no YAML
  const std::string text = base::to_yaml(document.yaml.value);
  const store::ManifestFile again = parse(text);
  require(again.errors.empty() && again.documents.size() == 1, "what we write is one document", text);
  const store::Document& other = again.documents.front();
  // As text: 1e3 is a double, and 1000 is not.
  require(base::to_text(other.yaml.value) == base::to_text(document.yaml.value), "a document that is written and read again is the same",
          text);
  require(other.hash == document.hash, "a hash does not depend on the layout", text);
  require(other.key == document.key && other.kind == document.kind, "an object is what it was", text);
  require(other.errors.size() == document.errors.size(), "what is wrong does not depend on the layout", text);
}

void require_usable(const store::Document& document) {
  if (!document.errors.empty() || document.kind != store::Kind::kInvocation) return;
  const Json effective = invocation::effective_spec(document.spec, invocation::resolved_defaults(base::json_object()));
  const auto checked = invocation::decode_invocation_spec(effective);
  require(checked.ok(), "what was accepted alone is accepted with the defaults", checked.ok() ? "" : checked.errors.front().text());
  (void)invocation::validate_effective(checked.value);
  require(invocation::validate_update(document.spec, document.spec, false).empty(), "what stays as it is may stay");
  require(invocation::validate_update(document.spec, document.spec, true).empty(), "what stays as it is may stay, when finished too");
}

}  // namespace

void try_input(std::string_view text) {
  const store::ManifestFile file = parse(text);
  require(file.ok() == sentences(file).empty(), "a file is well if there is nothing to complain of");
  for (const std::string& sentence : sentences(file)) require_place(text, sentence);
  require_no_secret(text, file);
  for (const store::Document& document : file.documents) {
    require(store::valid_name(document.key.name) && store::valid_namespace(document.key.namespace_), "a name can be a file's name");
    require(document.hash.size() == 64, "every document has its hash");
    require_same_in_other_layout(document);
    require_usable(document);
  }
}

}  // namespace lepton_operator::fuzz
