#include "store/secret_reader.h"

namespace lepton_operator::store {

using base::Error;
using base::ErrorKind;
using boost::asio::awaitable;

const SecretValues* SecretReader::kept(const ObjectKey& key) const {
  const auto found = kept_.find(key);
  return found != kept_.end() && clock_.now() - found->second.at < keep_ ? &found->second.values : nullptr;
}

awaitable<Result<SecretValues>> SecretReader::read(Context context, ObjectKey key) {
  while (true) {
    if (const SecretValues* values = kept(key)) co_return *values;
    const auto under_way = fetches_.find(key);
    if (under_way == fetches_.end()) break;
    const std::shared_ptr<Fetch> other = under_way->second;
    co_await other->done.wait(context);
    if (context.expired()) co_return Error{ErrorKind::kCancelled, "Secret " + key.text() + " was not waited for any longer"};
    // Whoever asked may have been cancelled, which says nothing to us.
    if (other->answer && (other->answer->ok() || other->answer->error().kind != ErrorKind::kCancelled)) co_return *other->answer;
  }
  const auto mine = std::make_shared<Fetch>(io_);
  fetches_[key] = mine;
  Result<SecretValues> values = co_await fetch(context, key);
  mine->answer = values;
  fetches_.erase(key);
  mine->done.notify();
  co_return values;
}

awaitable<Result<SecretValues>> SecretReader::fetch(Context context, ObjectKey key) {
  const base::Timestamp began = clock_.now();
  const kube::ObjectName name{key.namespace_, key.name};
  const Result<base::Json> secret = co_await api_.get(context, secrets_resource(), name);
  if (!secret) {
    if (secret.error().kind == ErrorKind::kNotFound) kept_.erase(key);
    co_return secret.error();
  }
  Result<SecretValues> values = secret_values(*secret);
  if (values) kept_[key] = {*values, began};
  co_return values;
}

}  // namespace lepton_operator::store
