// One manifest file's text, taken apart into the objects that it declares, each with where it stands and what is wrong with it.
//
// A document that cannot be understood does not disturb its neighbours in the file. Pure; any thread. Never fails: what is wrong is in the
// result, as sentences of the form "examples/nim.yaml:14: spec.deployment.image: ...". Values of Secrets never stand in a sentence.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"
#include "invocation/codec.h"
#include "invocation/object.h"
#include "store/object_store.h"

namespace lepton_operator::store {

// A document whose kind and name can be read.
struct Document {
  Kind kind = Kind::kInvocation;
  ObjectKey key;
  std::string file;    // its name in the directory
  std::string source;  // the same as people are shown it, "examples/nim.yaml"
  base::YamlDocument yaml;
  base::Json spec;  // an object; empty for a Secret
  std::map<std::string, std::string> annotations;
  std::map<std::string, std::string> secret;  // a Secret's values, decoded
  std::vector<std::string> errors;            // sentences; with any of them the document is not to be applied
  std::string hash;                           // of what it says, whatever its layout

  std::string where(std::string_view path) const;  // "examples/nim.yaml:14"
  std::string sentence(const invocation::FieldError& error) const;
};

struct ManifestFile {
  std::string name;
  std::string source;
  std::vector<Document> documents = {};
  std::vector<std::string> errors = {};  // of the file, or of documents that belong to no object that can be named
  bool opaque = false;                   // something in it may be any object: nothing that came from this file is proven absent
  std::string text = {};                 // where whoever holds it keeps it
  bool compact = false;                  // of the documents there is what identifies them alone

  bool ok() const;
};

ManifestFile parse_manifest(const std::string& name, const std::string& source, const std::string& text);
// The same of documents that were read already, and perhaps changed since.
ManifestFile read_manifest(const std::string& name, const std::string& source, std::vector<base::YamlDocument> documents);
ManifestFile unreadable_manifest(const std::string& name, const std::string& source, const std::string& error);

// Manifests are *.yaml, *.yml and *.json; hidden files and editors' backups are not.
bool is_manifest_name(std::string_view name);

const char* to_string(Kind kind);
// DNS labels and subdomains, at most 63 characters: they become file names.
bool valid_namespace(std::string_view name);
bool valid_name(std::string_view name);

}  // namespace lepton_operator::store
