// An Event as events.k8s.io/v1 takes it. Pure; shared by the recorder and its tests.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "base/time.h"
#include "kube/recorder.h"

namespace lepton_operator::kube {

struct EventSource {
  std::string controller;  // reportingController, such as "lepton.dev/operator"
  std::string instance;    // reportingInstance, such as the Pod's name
};

// Keeps to the API's limits: cuts the note, the reason and the action, and puts something where something must stand.
Event within_limits(Event event);
EventSource within_limits(EventSource source);

// "<object>.<suffix>", as `kubectl events` and other clients expect it, in characters that an object's name may have.
std::string event_name(const ObjectReference& regarding, const std::string& suffix);
// That of the object; "default" for a cluster-scoped one.
std::string event_namespace(const ObjectReference& regarding);

base::Json event_object(const Event& event, const EventSource& source, const std::string& name, base::Timestamp at);
// What makes of it a series: `count` of at least 2.
base::Json event_series(std::int32_t count, base::Timestamp last);

}  // namespace lepton_operator::kube
