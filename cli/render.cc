#include "cli/render.h"

#include <utility>

#include "base/yaml.h"
#include "cli/redaction.h"
#include "invocation/codec.h"
#include "invocation/names.h"

namespace lepton_operator::cli {

namespace {

using base::Json;
using store::Document;
using store::Kind;

// Of an operator that nobody named.
constexpr const char* kNoInstallId = "install-id";

Json defaults_of(const std::vector<Document>& documents, const Document& invocation) {
  const std::string workspace = base::get_string(base::get_object(invocation.spec, "workspaceRef"), "name").value_or("default");
  for (const Document& document : documents) {
    const bool its_own = document.kind == Kind::kWorkspace && document.key.namespace_ == invocation.key.namespace_;
    if (its_own && document.key.name == workspace) return base::get_object(document.spec, "defaults");
  }
  return base::json_object();
}

// Where the spec's hash, 16 hex digits, stands in a body's text: in a label, or where there are none in the owner's variable.
std::size_t hash_in(const std::string& text) {
  const std::size_t label = text.find(invocation::kSpecHashLabel);
  return label == std::string::npos ? label : text.find_first_not_of("\":=", label + std::string(invocation::kSpecHashLabel).size());
}

// It is of what is really sent: hiding a secret must not change it, and where something has a stand-in it cannot be known.
void correct_hash(Json& shown, const Json& sent) {
  constexpr std::size_t kDigits = 16;
  std::string text = base::to_text(shown);
  const std::string original = base::to_text(sent);
  const std::size_t at = hash_in(text);
  const std::size_t there = hash_in(original);
  if (at == std::string::npos || there == std::string::npos) return;
  const bool known = text.find(kStandInGroup) == std::string::npos && text.find(kStandInDomain) == std::string::npos;
  text.replace(at, kDigits, known ? original.substr(there, kDigits) : "<hash>");
  if (base::Result<Json> corrected = base::parse_json(text, "a request")) shown = std::move(*corrected);
}

Found<std::vector<MadeRequest>> rehearse_twice(Rehearsal rehearsal, const invocation::Invocation& written) {
  Found<std::vector<MadeRequest>> sent = rehearse(rehearsal);
  if (std::holds_alternative<Trouble>(sent)) return sent;
  invocation::Invocation redacted = written;
  redacted.spec = without_secrets(written.spec);
  const Json defaults = without_secrets(rehearsal.workspace_defaults);
  Found<std::vector<MadeRequest>> shown = rehearse({redacted, defaults, rehearsal.catalogue, rehearsal.family, rehearsal.install_id});
  if (std::holds_alternative<Trouble>(shown)) return shown;
  auto& bodies = std::get<0>(shown);
  const auto& originals = std::get<0>(sent);
  for (std::size_t at = 0; at < bodies.size() && at < originals.size(); ++at) correct_hash(bodies[at].body, originals[at].body);
  return shown;
}

std::string notes_on(const invocation::ObjectMeta& meta, const RenderOptions& options) {
  std::string notes;
  if (meta.uid == kNoUid) notes += "names and labels hold a hash of the object's uid, which it gets when it is applied: --uid UID\n";
  if (!options.install_id) notes += "install-id: stands for that of the operator that runs it: --install-id ID\n";
  return notes +
         "<id of GROUP>, https://ENDPOINT.invalid, <hash>: known once the workspace has answered; ***: a secret, which is never shown\n";
}

}  // namespace

Found<std::vector<RenderedInvocation>> render(const std::vector<Document>& documents, const invocation::Catalogue& catalogue,
                                              const RenderOptions& options) {
  std::vector<RenderedInvocation> rendered;
  for (const Document& document : documents) {
    if (document.kind != Kind::kInvocation) continue;
    invocation::Invocation object = invocation::decode_invocation(document.yaml.value);
    object.meta.key = document.key;
    if (options.uid) object.meta.uid = *options.uid;
    if (object.meta.uid.empty()) object.meta.uid = kNoUid;
    const Rehearsal rehearsal{object, defaults_of(documents, document), catalogue, options.family,
                              options.install_id.value_or(kNoInstallId)};
    Found<std::vector<MadeRequest>> requests = rehearse_twice(rehearsal, object);
    if (auto* trouble = std::get_if<Trouble>(&requests)) {
      trouble->sentence = document.where("spec") + ": " + document.key.text() + ": " + trouble->sentence;
      return *trouble;
    }
    rendered.push_back({document.key.text(), notes_on(object.meta, options), std::get<0>(std::move(requests))});
  }
  if (rendered.empty()) return wrong_usage("the files hold no Invocation");
  if (options.uid && rendered.size() > 1) return wrong_usage("--uid is of one Invocation, and the files hold several");
  return rendered;
}

std::string as_yaml(const std::vector<RenderedInvocation>& rendered) {
  std::string text;
  for (const RenderedInvocation& one : rendered) {
    text += "# " + one.name + ": what the operator would send\n";
    std::size_t begin = 0;
    for (std::size_t end = one.notes.find('\n'); end != std::string::npos; end = one.notes.find('\n', begin)) {
      text += "# " + one.notes.substr(begin, end - begin) + "\n";
      begin = end + 1;
    }
    for (const MadeRequest& request : one.requests) {
      text +=
          "---\n# POST " + request.path + (request.task.empty() ? "" : "  for task " + request.task) + "\n" + base::to_yaml(request.body);
      if (!text.ends_with('\n')) text += '\n';
    }
  }
  return text;
}

std::string as_json(const std::vector<RenderedInvocation>& rendered) {
  Json requests = base::json_array();
  for (const RenderedInvocation& one : rendered) {
    for (const MadeRequest& request : one.requests) {
      Json entry = base::json_object();
      entry["invocation"] = Json::string(one.name);
      entry["method"] = Json::string("POST");
      entry["path"] = Json::string(request.path);
      entry["task"] = Json::string(request.task);
      entry["body"] = request.body;
      requests[requests.size()] = std::move(entry);
    }
  }
  Json answer = base::json_object();
  answer["requests"] = std::move(requests);
  return base::to_text(answer) + "\n";
}

}  // namespace lepton_operator::cli
