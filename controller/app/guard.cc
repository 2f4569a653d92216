#include "app/guard.h"

#include <algorithm>
#include <utility>

#include "base/backoff.h"
#include "base/strings.h"
#include "kube/store.h"
#include "store/resources.h"

namespace lepton_operator::app {

using base::Context;
using base::Error;
using base::ErrorKind;
using base::Json;
using base::Result;
using boost::asio::awaitable;

namespace {

constexpr int kPage = 500;
constexpr std::size_t kMostNamed = 10;
constexpr std::chrono::seconds kGuardFirstWait{1};
constexpr std::chrono::seconds kGuardMostWait{10};

using Names = std::vector<std::string>;  // "team/llama (Running)"

bool passes(ErrorKind kind) {
  return kind == ErrorKind::kServer || kind == ErrorKind::kUnreachable || kind == ErrorKind::kInterrupted || kind == ErrorKind::kTimeout ||
         kind == ErrorKind::kThrottled;
}

std::string named(const Json& object) {
  const std::string phase = base::get_string(base::get_object(object, "status"), "phase").value_or("not begun");
  return kube::key_of(object) + " (" + phase + ")";
}

awaitable<Result<Names>> names_in(Context context, kube::Api& api, std::string namespace_) {
  Names names;
  kube::ListQuery query{.limit = kPage};
  do {
    const Result<Json> page = co_await api.list(context, store::invocations_resource(), namespace_, query);
    if (!page) co_return page.error();
    for (const Json& object : base::elements(base::find(*page, "items"))) names.push_back(named(object));
    query.continue_token = base::get_string(base::get_object(*page, "metadata"), "continue").value_or("");
  } while (!query.continue_token.empty());
  co_return names;
}

awaitable<Result<Names>> names_in_all(Context context, kube::Api& api, std::vector<std::string> namespaces) {
  if (namespaces.empty()) namespaces.emplace_back();
  Names all;
  for (const std::string& one : namespaces) {
    const Result<Names> names = co_await names_in(context, api, one);
    if (!names && names.error().status == 404) continue;  // without the CRD there are none
    if (!names) co_return names.error();
    all.insert(all.end(), names->begin(), names->end());
  }
  co_return all;
}

Error still_there(const Names& names) {
  const Names shown(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kMostNamed)));
  std::string what = std::to_string(names.size()) + (names.size() == 1 ? " Invocation still exists: " : " Invocations still exist: ");
  what += base::join(shown, ", ");
  if (names.size() > kMostNamed) what += " and " + std::to_string(names.size() - kMostNamed) + " more";
  what +=
      ". Without the operator nothing removes what they have in Lepton, and they cannot be deleted. Delete them first and wait until they "
      "are "
      "gone (kubectl delete invocations --all --all-namespaces), or let the operator go all the same (helm uninstall --no-hooks).";
  return Error{ErrorKind::kConflict, std::move(what)};
}

}  // namespace

awaitable<Result<std::string>> guard(Context context, kube::Api& api, base::Random& random, std::vector<std::string> namespaces) {
  base::Backoff backoff(kGuardFirstWait, kGuardMostWait);
  for (;;) {
    const Result<Names> names = co_await names_in_all(context, api, namespaces);
    if (names && !names->empty()) co_return still_there(*names);
    if (names) co_return std::string("no Invocation is left: the operator may go");
    const base::Milliseconds wait = backoff.next(random);
    bool again = passes(names.error().kind);
    if (again) again = co_await context.clock().sleep(context, wait);
    if (!again) co_return Error{names.error().kind, "whether Invocations still exist cannot be told: " + names.error().text()};
  }
}

}  // namespace lepton_operator::app
