#include "reconcile/vault.h"

#include <vector>

#include "base/hash.h"
#include "invocation/reading.h"

namespace lepton_operator::reconcile {

using base::Context;
using base::Error;
using base::ErrorKind;
using base::Json;
using base::Result;
using invocation::Invocation;
using invocation::SecretKeyRef;
using invocation::SecretKeyState;

namespace {

const Json* api_tokens(const Json& holder) {
  const Json* tokens = base::find(base::get_object(holder, "deployment"), "apiTokens");
  return tokens != nullptr && tokens->is_array() ? tokens : nullptr;
}

// Of the Invocation's own spec alone: a Workspace's defaults may not hold a literal token, and lists replace when defaults are merged.
Result<std::string> literal(const Invocation& object, std::size_t index) {
  const auto entries = base::elements(api_tokens(object.spec));
  const auto value = index < entries.size() ? base::get_string(entries[index], "value") : std::nullopt;
  if (value) return *value;
  return Error{ErrorKind::kNotFound, "the token is no longer there", "spec.deployment.apiTokens[" + std::to_string(index) + "]"};
}

std::vector<std::string> literal_envs(const invocation::InvocationSpec& spec) {
  std::vector<std::string> values;
  const auto add = [&](const std::vector<invocation::EnvEntry>& entries) {
    for (const invocation::EnvEntry& entry : entries) {
      if (entry.value) values.push_back(*entry.value);
    }
  };
  add(spec.deployment.envs);
  add(spec.execution.envs);
  for (const invocation::TaskSpec& task : spec.evaluation.tasks) add(task.envs);
  return values;
}

Error no_secret(const std::string& namespace_, const SecretKeyRef& ref) {
  return Error{ErrorKind::kNotFound,
               "there is no Secret " + namespace_ + "/" + ref.name + ", which the spec refers to (key " + ref.key + "): create it."};
}

Error no_key(const std::string& namespace_, const SecretKeyRef& ref) {
  const std::string secret = namespace_ + "/" + ref.name;
  return Error{ErrorKind::kNotFound, "Secret " + secret + " has no key " + ref.key + ", which the spec refers to: add it."};
}

}  // namespace

boost::asio::awaitable<Result<std::string>> Vault::value(Context context, std::shared_ptr<const Invocation> object,
                                                         invocation::SecretSource source) {
  Result<std::string> found = Error{ErrorKind::kInvalid, "a Lepton token is sent by name: its value is not ours to know"};
  if (const auto* token = std::get_if<invocation::GeneratedToken>(&source)) found = generated(*object, *token);
  if (const auto* token = std::get_if<invocation::LiteralToken>(&source)) found = literal(*object, token->index);
  if (const auto* ref = std::get_if<SecretKeyRef>(&source)) {
    const std::string& namespace_ = object->meta.key.namespace_;
    const store::ObjectKey key{namespace_, ref->name};
    const auto values = co_await store_.read_secret(context, key);
    if (!values && values.error().kind == ErrorKind::kNotFound) co_return no_secret(namespace_, *ref);
    if (!values) co_return values.error();
    const auto value = values->find(ref->key);
    if (value == values->end()) co_return no_key(namespace_, *ref);
    found = value->second;
  }
  if (found) keep(object->meta.uid, *found);
  co_return found;
}

boost::asio::awaitable<Result<SecretKeyState>> Vault::state_of(Context context, std::string namespace_, SecretKeyRef ref) {
  const store::ObjectKey key{namespace_, ref.name};
  const auto values = co_await store_.read_secret(context, key);
  if (!values && values.error().kind == ErrorKind::kNotFound) co_return SecretKeyState::kSecretMissing;
  if (!values) co_return values.error();
  if (!values->contains(ref.key)) {
    store_.expire_secret(key);  // it is about to be added
    co_return SecretKeyState::kKeyMissing;
  }
  co_return SecretKeyState::kPresent;
}

boost::asio::awaitable<void> Vault::learn(Context context, std::shared_ptr<const Invocation> object) {
  if (!object->status.resolved) co_return;
  std::vector<invocation::SecretSource> sources;
  sources.emplace_back(invocation::GeneratedToken{object->status.resolved->token_key_id});
  const invocation::SpecReading reading = invocation::read_spec(*object, base::json_object());
  const invocation::InvocationSpec& spec = reading->value;
  const std::size_t tokens = spec.deployment.api_tokens ? spec.deployment.api_tokens->size() : 0;
  for (std::size_t i = 0; i < tokens; ++i) sources.emplace_back(invocation::LiteralToken{i});
  for (const SecretKeyRef& ref : invocation::secret_keys(spec)) sources.emplace_back(ref);
  for (const invocation::SecretSource& source : sources) {
    const Result<std::string> known = co_await value(context, object, source);
    static_cast<void>(known);  // value() remembers what there is
  }
  for (const std::string& value : literal_envs(spec)) {
    if (known_[object->meta.uid].literals.insert(value).second) redactor_.add(value);
  }
}

void Vault::keep(const std::string& uid, const std::string& value) {
  if (known_[uid].secrets.insert(value).second) keep_secret(value);
}

void Vault::forget(const std::string& uid) {
  const auto known = known_.find(uid);
  if (known == known_.end()) return;
  for (const std::string& value : known->second.literals) redactor_.remove(value);
  for (const std::string& value : known->second.secrets) {
    redactor_.remove(value);
    log_.unredact(value);
  }
  known_.erase(known);
}

void Vault::keep_secret(const std::string& value) {
  redactor_.add(value);
  log_.redact(value);
}

Result<std::string> Vault::generated(const Invocation& object, const invocation::GeneratedToken& token) const {
  const auto key = keys_.key(token.key_id);
  if (key) return base::hmac_sha256_hex(*key, object.meta.uid);
  return Error{ErrorKind::kNotFound, "the key " + token.key_id + " that this Invocation's endpoint token was made with is gone"};
}

}  // namespace lepton_operator::reconcile
