// From "which secret" to its value, at the last moment before a request carries it.
//
// Renderings name secrets by their source (invocation/rendering.h); only here do values appear. Every value that was handed out is
// registered with the log's redaction, and cleaned() takes it out of text that we did not write ourselves (an endpoint's log), until its
// Invocation is forgotten.
//
// Thread rule: domain thread only. Fails: kNotFound with a sentence that names the Secret (and key), never its value.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <unordered_map>

#include <boost/asio/awaitable.hpp>

#include "base/log.h"
#include "base/redactor.h"
#include "invocation/rendering.h"
#include "invocation/world.h"
#include "reconcile/key_store.h"
#include "store/object_store.h"

namespace lepton_operator::reconcile {

class Vault {
 public:
  Vault(store::ObjectStore& store, const KeyStore& keys, base::Log& log) : store_(store), keys_(keys), log_(log) {}

  // Not for LeptonToken, which has no value that we could know: kInvalid.
  boost::asio::awaitable<base::Result<std::string>> value(base::Context context, std::shared_ptr<const invocation::Invocation> object,
                                                          invocation::SecretSource source);

  boost::asio::awaitable<base::Result<invocation::SecretKeyState>> state_of(base::Context context, std::string namespace_,
                                                                            invocation::SecretKeyRef ref);

  // Learns every secret that the Invocation refers to, so that cleaned() knows them all even after a restart. Those that cannot be read are
  // left out. Literal values of environment variables count: nobody can tell which of them are secrets.
  boost::asio::awaitable<void> learn(base::Context context, std::shared_ptr<const invocation::Invocation> object);

  // Of the Invocation with that UID: nothing more will be told of it, or it will be learned anew. What others refer to as well stays known.
  void forget(const std::string& uid);

  void keep_secret(const std::string& value);  // for ever
  std::string cleaned(const std::string& text) const { return redactor_.clean(text); }

  std::string current_key_id() const { return keys_.current_id(); }

 private:
  // Handed out for one Invocation. Literals are no secrets to the log: in text of ours, which never holds them, "/data/cache" is a path.
  struct Known {
    std::set<std::string> secrets;
    std::set<std::string> literals;
  };

  void keep(const std::string& uid, const std::string& value);
  base::Result<std::string> generated(const invocation::Invocation& object, const invocation::GeneratedToken& token) const;

  store::ObjectStore& store_;
  const KeyStore& keys_;
  base::Log& log_;
  base::Redactor redactor_;
  std::unordered_map<std::string, Known> known_;  // by UID
};

}  // namespace lepton_operator::reconcile
