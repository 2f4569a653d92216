#include "store/manifest.h"

#include <optional>

#include "base/hash.h"
#include "base/strings.h"
#include "invocation/validation.h"
#include "store/manifest_chunks.h"

namespace lepton_operator::store {

namespace {

// A namespace is a directory of the state directory, beside the operator's own files (docs/directory-mode.md).
bool is_state_file(std::string_view name) {
  return name == "credentials" || name == "home" || name == "install-id" || name == "manifest-directory" || name == "token-key";
}

using base::Json;
using invocation::FieldError;

// etcd's limit for a value: what is over it could never move to an API server.
constexpr std::size_t kLargestObject = 3u << 19;

const std::vector<std::string> kKinds = {"Invocation", "Workspace", "Secret"};

std::optional<Kind> kind_of(std::string_view text) {
  if (text == "Invocation") return Kind::kInvocation;
  if (text == "Workspace") return Kind::kWorkspace;
  if (text == "Secret") return Kind::kSecret;
  return std::nullopt;
}

const char* api_version_of(Kind kind) { return kind == Kind::kSecret ? "v1" : invocation::kApiVersion; }

bool label_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }

bool valid_label(std::string_view text) {
  if (text.empty() || text.front() == '-' || text.back() == '-') return false;
  return std::all_of(text.begin(), text.end(), label_character);
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const std::vector<std::string> near = base::nearest(word, known, 1);
  return near.empty() ? "" : "; did you mean " + near.front() + "?";
}

void refuse_unknown_fields(const Json& object, const std::string& prefix, const std::vector<std::string>& known,
                           std::vector<FieldError>& errors) {
  for (const auto& [field, value] : object.as_object()) {
    if (std::find(known.begin(), known.end(), field) != known.end()) continue;
    errors.push_back({prefix + field, "unknown field" + did_you_mean(field, known)});
  }
}

std::map<std::string, std::string> string_map(const Json& parent, const std::string& field, const std::string& path,
                                              std::vector<FieldError>& errors) {
  std::map<std::string, std::string> result;
  const Json* object = base::find(parent, field);
  if (object == nullptr || object->is_null()) return result;
  if (!object->is_object()) {
    errors.push_back({path, "must be a map of strings"});
    return result;
  }
  for (const auto& [key, value] : object->as_object()) {
    if (value.is_string()) {
      result[key] = value.as_string();
    } else {
      errors.push_back({path + "." + key, "must be a string; put it in quotes"});
    }
  }
  return result;
}

// Kind and key, or a sentence why the document belongs to no object.
struct Identity {
  Kind kind = Kind::kInvocation;
  ObjectKey key;
  std::optional<FieldError> error;
  bool foreign = false;  // surely not ours: some other API's object
};

Identity no_identity(std::string path, std::string message, bool foreign = false) {
  Identity identity;
  identity.error = FieldError{std::move(path), std::move(message)};
  identity.foreign = foreign;
  return identity;
}

Identity unknown_kind(const Json& object, const std::string& kind) {
  const std::string api_version = base::get_string(object, "apiVersion").value_or("");
  const bool foreign = !api_version.empty() && !api_version.starts_with("lepton.dev/") && base::nearest(kind, kKinds, 1).empty();
  const std::string advice = did_you_mean(kind, kKinds);
  return no_identity("kind", "unknown kind " + kind + (advice.empty() ? "; a manifest is an Invocation, a Workspace or a Secret" : advice),
                     foreign);
}

Identity identity_of(const Json& object) {
  if (!object.is_object()) return no_identity("", "must be an object with apiVersion, kind, metadata and spec");
  const std::optional<std::string> kind_text = base::get_string(object, "kind");
  if (!kind_text) return no_identity("kind", "is missing; a manifest is an Invocation, a Workspace or a Secret");
  const std::optional<Kind> kind = kind_of(*kind_text);
  if (!kind) return unknown_kind(object, *kind_text);
  const Json* metadata = base::find(object, "metadata");
  if (metadata == nullptr || !metadata->is_object()) return no_identity("metadata", "must be an object with a name");
  const Json* name = base::find(*metadata, "name");
  if (name == nullptr) return no_identity("metadata.name", "is missing; give the object a name");
  if (!name->is_string()) return no_identity("metadata.name", "must be a string; put it in quotes");
  if (!valid_name(name->as_string())) {
    return no_identity("metadata.name",
                       "must be at most 63 lower-case letters, digits, '-' and '.', and begin and end with a letter or digit");
  }
  const Json* space = base::find(*metadata, "namespace");
  if (space != nullptr && (!space->is_string() || !valid_namespace(space->as_string()))) {
    return no_identity("metadata.namespace",
                       "must be at most 63 lower-case letters, digits and '-', and begin and end with a letter or digit");
  }
  if (space != nullptr && is_state_file(space->as_string())) {
    return no_identity("metadata.namespace", "must not be \"" + space->as_string() + "\": the state directory has a file of that name");
  }
  Identity identity;
  identity.kind = *kind;
  identity.key = {space == nullptr ? "default" : space->as_string(), name->as_string()};
  return identity;
}

void read_metadata(const Json& metadata, Document& document, std::vector<FieldError>& errors) {
  // What an API server adds is tolerated, so that an exported object can be used as it is.
  static const std::vector<std::string> kKnown = {"name",
                                                  "namespace",
                                                  "labels",
                                                  "annotations",
                                                  "uid",
                                                  "generation",
                                                  "creationTimestamp",
                                                  "resourceVersion",
                                                  "managedFields",
                                                  "finalizers",
                                                  "selfLink",
                                                  "ownerReferences",
                                                  "deletionTimestamp",
                                                  "deletionGracePeriodSeconds"};
  refuse_unknown_fields(metadata, "metadata.", kKnown, errors);
  document.annotations = string_map(metadata, "annotations", "metadata.annotations", errors);
  string_map(metadata, "labels", "metadata.labels", errors);
}

void read_secret(const Json& object, Document& document, std::vector<FieldError>& errors) {
  refuse_unknown_fields(object, "", {"apiVersion", "kind", "metadata", "type", "immutable", "data", "stringData"}, errors);
  for (const auto& [key, value] : string_map(object, "data", "data", errors)) {
    if (std::optional<std::string> decoded = base::base64_decode(value)) {
      document.secret[key] = *std::move(decoded);
    } else {
      errors.push_back({"data." + key, "is not base64; encode it, or use stringData for plain text"});
    }
  }
  for (const auto& [key, value] : string_map(object, "stringData", "stringData", errors)) document.secret[key] = value;
}

std::size_t size_of(const std::map<std::string, std::string>& texts) {
  std::size_t size = 0;
  for (const auto& [name, text] : texts) size += name.size() + text.size();
  return size;
}

void read_spec(const Json& object, Document& document, std::vector<FieldError>& errors) {
  refuse_unknown_fields(object, "", {"apiVersion", "kind", "metadata", "spec", "status"}, errors);
  const Json* spec = base::find(object, "spec");
  if (spec != nullptr && !spec->is_null()) document.spec = *spec;
  if (!document.spec.is_object()) {
    errors.push_back({"spec", "must be an object"});
    return;
  }
  const std::size_t size = base::to_text(document.spec).size() + size_of(document.annotations);
  if (size > kLargestObject) {
    errors.push_back({"spec", "the object is " + std::to_string(size >> 10) +
                                  " KiB as JSON, more than the 1536 KiB that an API server stores; make it smaller"});
    return;
  }
  const std::vector<FieldError> found =
      document.kind == Kind::kInvocation ? invocation::validate_invocation(document.spec) : invocation::validate_workspace(document.spec);
  errors.insert(errors.end(), found.begin(), found.end());
}

Document read_document(const ManifestFile& file, base::YamlDocument yaml, const Identity& identity) {
  Document document;
  document.kind = identity.kind;
  document.key = identity.key;
  document.file = file.name;
  document.source = file.source;
  document.yaml = std::move(yaml);
  document.spec = base::json_object();
  document.hash = base::sha256_hex(base::to_text(document.yaml.value));
  const Json& object = document.yaml.value;
  std::vector<FieldError> errors;
  if (base::get_string(object, "apiVersion") != api_version_of(identity.kind)) {
    errors.push_back({"apiVersion", std::string("must be ") + api_version_of(identity.kind) + " for kind " + to_string(identity.kind)});
  }
  read_metadata(base::get_object(object, "metadata"), document, errors);
  if (identity.kind == Kind::kSecret) {
    read_secret(object, document, errors);
  } else {
    read_spec(object, document, errors);
  }
  for (const FieldError& error : errors) document.errors.push_back(document.sentence(error));
  return document;
}

void add_document(ManifestFile& file, base::YamlDocument yaml) {
  const Identity identity = identity_of(yaml.value);
  if (!identity.error) {
    file.documents.push_back(read_document(file, std::move(yaml), identity));
    return;
  }
  file.errors.push_back(file.source + ":" + std::to_string(yaml.line_of(identity.error->path)) + ": " + identity.error->text());
  file.opaque = file.opaque || !identity.foreign;
}

// What a broken document calls itself is enough to show its author the error at the object's own state.
void add_broken(ManifestFile& file, const ManifestChunk& chunk, const base::Error& error) {
  file.opaque = true;
  const Identity identity = identity_of(guess_header(chunk.text));
  if (identity.error) {
    file.errors.push_back(error.text());
    return;
  }
  Document document;
  document.kind = identity.kind;
  document.key = identity.key;
  document.file = file.name;
  document.source = file.source;
  document.yaml.line = chunk.first_line;
  document.spec = base::json_object();
  document.errors = {error.text()};
  document.hash = base::sha256_hex(chunk.text);
  file.documents.push_back(std::move(document));
}

void add_by_document(ManifestFile& file, const std::string& text) {
  for (const ManifestChunk& chunk : split_documents(text)) {
    Result<std::vector<base::YamlDocument>> parsed = base::parse_yaml(chunk.text, file.source, {.first_line = chunk.first_line});
    if (!parsed) {
      add_broken(file, chunk, parsed.error());
      continue;
    }
    for (base::YamlDocument& yaml : *parsed) add_document(file, std::move(yaml));
  }
}

}  // namespace

std::string Document::where(std::string_view path) const { return source + ":" + std::to_string(yaml.line_of(path)); }

std::string Document::sentence(const FieldError& error) const { return where(error.path) + ": " + error.text(); }

bool ManifestFile::ok() const {
  return errors.empty() &&
         std::all_of(documents.begin(), documents.end(), [](const Document& document) { return document.errors.empty(); });
}

ManifestFile parse_manifest(const std::string& name, const std::string& source, const std::string& text) {
  ManifestFile file{.name = name, .source = source};
  Result<std::vector<base::YamlDocument>> parsed = base::parse_yaml(text, source);
  if (!parsed) {
    add_by_document(file, text);
    if (file.ok()) {  // the parts are well, the whole is not: say what the whole lacks
      file.errors.push_back(parsed.error().text());
      file.opaque = true;
    }
    return file;
  }
  return read_manifest(name, source, std::move(*parsed));
}

ManifestFile read_manifest(const std::string& name, const std::string& source, std::vector<base::YamlDocument> documents) {
  ManifestFile file{.name = name, .source = source};
  for (base::YamlDocument& yaml : documents) add_document(file, std::move(yaml));
  return file;
}

ManifestFile unreadable_manifest(const std::string& name, const std::string& source, const std::string& error) {
  ManifestFile file{.name = name, .source = source};
  file.errors.push_back(error);
  file.opaque = true;
  return file;
}

bool is_manifest_name(std::string_view name) {
  if (name.empty() || name.front() == '.' || name.front() == '#') return false;
  return name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json");
}

const char* to_string(Kind kind) {
  switch (kind) {
    case Kind::kInvocation: return "Invocation";
    case Kind::kWorkspace: return "Workspace";
    case Kind::kSecret: return "Secret";
  }
  __builtin_unreachable();
}

bool valid_namespace(std::string_view name) { return name.size() <= 63 && valid_label(name); }

bool valid_name(std::string_view name) {
  if (name.empty() || name.size() > 63) return false;
  for (;;) {
    const std::size_t dot = name.find('.');
    if (!valid_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

}  // namespace lepton_operator::store
