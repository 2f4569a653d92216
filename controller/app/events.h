// What happens to an Invocation or a Workspace, as Kubernetes events: the story that `kubectl describe` tells. Pure.
#pragma once

#include <optional>

#include "invocation/object.h"
#include "invocation/progress.h"
#include "kube/recorder.h"

namespace lepton_operator::app {

// Nothing for steps that only announce the next one: a budget of events is spent on what matters.
std::optional<kube::Event> event_of(const invocation::Invocation& object, const invocation::Transition& transition);
kube::Event event_of(const invocation::Workspace& object, const invocation::Transition& transition);

}  // namespace lepton_operator::app
