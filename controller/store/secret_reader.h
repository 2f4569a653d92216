// Users' Secrets by `get` alone, kept for a while: a thousand actions at once that need one Secret make one request.
//
// Thread rule: domain thread only. Owner: the Kubernetes store; the Api outlives it. Only what was there is kept: a Secret that is missing
// is asked for again by the next reader.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "base/async.h"
#include "kube/api.h"
#include "store/object_store.h"
#include "store/secret_object.h"

namespace lepton_operator::store {

class SecretReader {
 public:
  SecretReader(boost::asio::io_context& io, base::Clock& clock, kube::Api& api, base::Milliseconds keep)
      : io_(io), clock_(clock), api_(api), keep_(keep) {}

  boost::asio::awaitable<Result<SecretValues>> read(Context context, ObjectKey key);
  void expire(const ObjectKey& key) { kept_.erase(key); }  // the next read() asks anew

 private:
  struct Kept {
    SecretValues values;
    base::Timestamp at;  // when the request began
  };
  struct Fetch {
    explicit Fetch(boost::asio::io_context& io) : done(io) {}
    base::Signal done;
    std::optional<Result<SecretValues>> answer;
  };

  boost::asio::awaitable<Result<SecretValues>> fetch(Context context, ObjectKey key);
  const SecretValues* kept(const ObjectKey& key) const;

  boost::asio::io_context& io_;
  base::Clock& clock_;
  kube::Api& api_;
  base::Milliseconds keep_;
  std::map<ObjectKey, Kept> kept_;
  std::map<ObjectKey, std::shared_ptr<Fetch>> fetches_;  // under way
};

}  // namespace lepton_operator::store
