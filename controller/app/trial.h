// One Invocation from creation to nothing left, as `helm test` asks for it (`lepton-operator trial`): does the operator here do its work?
//
// Creates the Invocation of a manifest, waits until a condition of its status is as wanted, deletes it, waits until it is gone. It is
// deleted whatever came before. One of that name which an earlier trial left is removed first; one that is not a trial's is not touched
// (kConflict).
//
// Domain thread. Fails with a sentence that says what did not come, and what the status said last.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "invocation/object.h"
#include "kube/api.h"

namespace lepton_operator::app {

// By this label of its manifest a trial's Invocation is known.
inline constexpr const char* kTrialLabel = "app.kubernetes.io/component";
inline constexpr const char* kTrialValue = "trial";

struct Awaited {
  std::string condition = "Complete";
  std::string status = "True";
};
// "WorkspaceReady=False"; nothing when it is not of that form.
std::optional<Awaited> parse_awaited(const std::string& text);

struct Trial {
  invocation::ObjectKey key;
  base::Json object;
  Awaited awaited;
  std::chrono::milliseconds timeout{0};  // of the wait; the deletion has as long again
};
// `source` is how people are shown the file's name.
base::Result<Trial> parse_trial(const std::string& source, const std::string& text);

// `say` gets a line for everything that happened.
boost::asio::awaitable<base::Result<>> run_trial(base::Context context, kube::Api& api, Trial trial,
                                                 std::function<void(const std::string&)> say);

}  // namespace lepton_operator::app
