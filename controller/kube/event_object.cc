#include "kube/event_object.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "kube/micro_time.h"

namespace lepton_operator::kube {

namespace {

constexpr std::size_t kLongestNote = 1024;
constexpr std::size_t kLongestWord = 128;
constexpr std::size_t kLongestName = 253;

std::string word(std::string text, const char* otherwise) {
  if (text.empty()) text = otherwise;
  if (text.size() > kLongestWord) text.resize(kLongestWord);
  return text;
}

char name_character(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  const bool allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  return allowed ? c : '-';
}

base::Json reference(const ObjectReference& object) {
  base::Json result = base::json_object();
  const auto set = [&result](const char* member, const std::string& value) {
    if (!value.empty()) result[member] = base::Json::string(value);
  };
  set("apiVersion", object.api_version);
  set("kind", object.kind);
  set("namespace", object.namespace_);
  set("name", object.name);
  set("uid", object.uid);
  set("resourceVersion", object.resource_version);
  return result;
}

}  // namespace

Event within_limits(Event event) {
  event.reason = word(std::move(event.reason), "Unknown");
  event.action = word(std::move(event.action), event.reason.c_str());
  event.note = base::clipped(event.note, kLongestNote);
  return event;
}

EventSource within_limits(EventSource source) {
  return EventSource{word(std::move(source.controller), "unknown"), word(std::move(source.instance), "unknown")};
}

std::string event_name(const ObjectReference& regarding, const std::string& suffix) {
  std::string name = regarding.name;
  std::transform(name.begin(), name.end(), name.begin(), name_character);
  name.resize(std::min(name.size(), kLongestName - 1 - suffix.size()));
  const auto edge = [](char c) { return c == '-' || c == '.'; };
  while (!name.empty() && edge(name.back())) name.pop_back();
  name.erase(name.begin(), std::find_if_not(name.begin(), name.end(), edge));
  return name.empty() ? suffix : name + "." + suffix;
}

std::string event_namespace(const ObjectReference& regarding) { return regarding.namespace_.empty() ? "default" : regarding.namespace_; }

base::Json event_object(const Event& event, const EventSource& source, const std::string& name, base::Timestamp at) {
  base::Json object = base::json_object();
  object["apiVersion"] = base::Json::string("events.k8s.io/v1");
  object["kind"] = base::Json::string("Event");
  object["metadata"]["name"] = base::Json::string(name);
  object["metadata"]["namespace"] = base::Json::string(event_namespace(event.regarding));
  object["eventTime"] = base::Json::string(format_micro_time(at));
  object["reportingController"] = base::Json::string(source.controller);
  object["reportingInstance"] = base::Json::string(source.instance);
  object["action"] = base::Json::string(event.action);
  object["reason"] = base::Json::string(event.reason);
  object["type"] = base::Json::string(event.warning ? "Warning" : "Normal");
  object["note"] = base::Json::string(event.note);
  object["regarding"] = reference(event.regarding);
  return object;
}

base::Json event_series(std::int32_t count, base::Timestamp last) {
  base::Json series = base::json_object();
  series["count"] = base::Json::number(count);
  series["lastObservedTime"] = base::Json::string(format_micro_time(last));
  return series;
}

}  // namespace lepton_operator::kube
