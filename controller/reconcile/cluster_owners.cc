#include "reconcile/cluster_owners.h"

#include <algorithm>

#include "store/resources.h"

namespace lepton_operator::reconcile {

using base::Context;
using base::Error;
using base::ErrorKind;
using base::Json;
using base::Result;

namespace {

std::string uid_of(const Json& object) { return base::get_string(base::get_object(object, "metadata"), "uid").value_or(""); }

}  // namespace

boost::asio::awaitable<Result<std::string>> read_cluster_uid(Context context, kube::Api& api) {
  const kube::Resource namespaces{.group = "", .version = "v1", .plural = "namespaces"};
  const kube::ObjectName name{"", "kube-system"};
  const Result<Json> found = co_await api.get(context, namespaces, name);
  if (!found) co_return found.error();
  std::string uid = uid_of(*found);
  if (uid.empty()) co_return Error{ErrorKind::kMalformed, "the API server shows the namespace kube-system without a UID"};
  co_return uid;
}

bool ClusterOwners::in_scope(const Owner& owner) const {
  return namespaces_.empty() || std::find(namespaces_.begin(), namespaces_.end(), owner.namespace_) != namespaces_.end();
}

boost::asio::awaitable<Result<bool>> ClusterOwners::at_home(Context context) {
  if (cluster_uid_.empty()) co_return Error{ErrorKind::kNotFound, "it is not recorded which cluster this installation was made in"};
  const Result<std::string> here = co_await read_cluster_uid(context, api_);
  if (!here) co_return here.error();
  co_return *here == cluster_uid_;
}

boost::asio::awaitable<Result<>> ClusterOwners::served(Context context, std::string namespace_) {
  const kube::ListQuery one{.limit = 1};
  const Result<Json> list = co_await api_.list(context, store::invocations_resource(), namespace_, one);
  if (!list) co_return Error{list.error().kind, "Invocations are not served: " + list.error().text()};
  if (!list->has_array_field("items")) co_return Error{ErrorKind::kMalformed, "the API server's list of Invocations is none"};
  co_return base::Ok{};
}

boost::asio::awaitable<Result<bool>> ClusterOwners::absent(Context context, Owner owner) {
  const Result<> before = co_await served(context, owner.namespace_);
  if (!before) co_return before.error();
  const kube::ObjectName name{owner.namespace_, owner.name};
  const Result<Json> found = co_await api_.get(context, store::invocations_resource(), name);
  if (found) {
    const std::string uid = uid_of(*found);
    if (uid.empty()) co_return Error{ErrorKind::kMalformed, "the API server shows an Invocation without a UID"};
    co_return uid != owner.uid;
  }
  if (found.error().kind != ErrorKind::kNotFound || found.error().status != 404) co_return found.error();
  const Result<> after = co_await served(context, owner.namespace_);
  if (!after) co_return after.error();
  co_return true;
}

}  // namespace lepton_operator::reconcile
