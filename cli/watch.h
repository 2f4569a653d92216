// Follows objects and lets a view show them, until the view has seen enough or the person has.
//
// Thread rule: main thread. Ends: the view's word, or the session's context.
#pragma once

#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "cli/backend.h"

namespace lepton_operator::cli {

class View {
 public:
  virtual ~View() = default;
  // True: that is enough.
  virtual bool changed(const std::vector<Json>& objects) = 0;
  // Nothing can be seen just now, for this reason; empty: it is over.
  virtual void trouble(const std::string& sentence) = 0;
  // A second has passed, or the window has another size. Only on a terminal.
  virtual void redraw() = 0;
};

// Without a name: all of that namespace. An error only when it can never work. It also returns when nobody reads stdout any more: whoever
// waited for an end has to look whether it came.
Answer<> watch(Session& session, Backend& backend, Context context, ObjectKey key, View& view);

// The verdict on that: `what` is not over, "run goes on in the directory manifests.d"; `name` is one to look at.
Trouble nobody_reads(const Session& session, const std::string& what, const std::string& name);

}  // namespace lepton_operator::cli
