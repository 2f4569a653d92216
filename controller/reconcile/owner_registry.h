// Where Invocations live, asked directly whether one is there: what a removal of something without an owner stands on.
//
// The store's cache is not enough: it may be of a moment ago, of some namespaces only, or of a cluster that was restored from another's
// backup. An error is never absence. Thread rule: domain thread only. Owner: app; outlives the operator.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/context.h"
#include "base/result.h"
#include "reconcile/orphans.h"

namespace lepton_operator::reconcile {

class OwnerRegistry {
 public:
  virtual ~OwnerRegistry() = default;

  // Whether Invocations of that namespace are ours to know at all.
  virtual bool in_scope(const Owner& owner) const = 0;
  // Whether this is the place that was recorded when the installation was made. False: a copy of it, elsewhere; what is without an owner
  // here may have one there.
  virtual boost::asio::awaitable<base::Result<bool>> at_home(base::Context context) = 0;
  // Whether there is certainly no such Invocation now. Another one of the same name is not it.
  virtual boost::asio::awaitable<base::Result<bool>> absent(base::Context context, Owner owner) = 0;
};

}  // namespace lepton_operator::reconcile
