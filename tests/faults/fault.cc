#include "faults/fault.h"

#include <algorithm>
#include <utility>

namespace lepton_operator::faults {

namespace {

const std::vector<std::pair<Fault, const char*>>& names() {
  static const std::vector<std::pair<Fault, const char*>> kNames = {
      {Fault::kCrashBefore, "crash-before-send"},
      {Fault::kCrashAfter, "crash-after-commit"},
      {Fault::kCrashLateCommit, "crash-late-commit"},
      {Fault::kReplyLost, "reply-lost"},
      {Fault::kServerError, "500-after-commit"},
      {Fault::kConflict, "409"},
      {Fault::kThrottled, "429"},
      {Fault::kUnauthorized, "401-for-a-while"},
      {Fault::kNotFound, "404-for-a-while"},
      {Fault::kTimeout, "timeout"},
      {Fault::kLateCommit, "late-commit"},
      {Fault::kOverdueCommit, "overdue-commit"},
      {Fault::kTruncatedReply, "truncated-reply"},
      {Fault::kStaleList, "stale-list"},
      {Fault::kDuplicateEvent, "duplicate-event"},
      {Fault::kDroppedEvents, "dropped-events"},
      {Fault::kCutOff, "cut-off"},
  };
  return kNames;
}

// Most are for any call; what a read cannot change is the same before and after.
bool fits(Fault fault, const Call& call) {
  const bool lepton = call.side == Side::kLepton;
  // Of what is told to people nobody makes anything: what the call costs those who wait for it is all that can go wrong.
  const bool event = !lepton && call.path.starts_with("/apis/events.k8s.io/");
  const bool matters =
      fault == Fault::kCrashBefore || fault == Fault::kCrashAfter || fault == Fault::kServerError || fault == Fault::kTimeout;
  if (event && !matters) return false;
  const bool creates_job = lepton && call.method == base::Method::kPost && call.path == "/jobs";
  switch (fault) {
    case Fault::kNone: return false;
    case Fault::kCrashBefore:
    case Fault::kReplyLost:
    case Fault::kServerError:
    case Fault::kThrottled:
    case Fault::kUnauthorized:
    case Fault::kTimeout: return true;
    case Fault::kCrashAfter:
    case Fault::kCrashLateCommit:
    case Fault::kLateCommit: return call.changes();
    case Fault::kConflict: return call.changes() && (!lepton || call.method == base::Method::kPost);
    case Fault::kNotFound: return lepton && !call.changes();
    case Fault::kOverdueCommit: return creates_job;
    case Fault::kTruncatedReply: return call.answered || (call.watch && call.events > 0);
    case Fault::kStaleList: return call.changes() || call.list || call.watch;
    case Fault::kCutOff:  // of two
    case Fault::kDuplicateEvent:
    case Fault::kDroppedEvents: return false;  // of events
  }
  __builtin_unreachable();
}

}  // namespace

const char* to_string(Side side) { return side == Side::kKubernetes ? "kubernetes" : "lepton"; }

const char* to_string(Fault fault) {
  const auto known = std::find_if(names().begin(), names().end(), [fault](const auto& name) { return name.first == fault; });
  return known == names().end() ? "none" : known->second;
}

std::optional<Fault> fault_named(const std::string& name) {
  const auto known = std::find_if(names().begin(), names().end(), [&](const auto& each) { return each.second == name; });
  return known == names().end() ? std::nullopt : std::optional(known->first);
}

const std::vector<Fault>& all_faults() {
  static const std::vector<Fault> kAll = [] {
    std::vector<Fault> all;
    for (const auto& [fault, name] : names()) all.push_back(fault);
    return all;
  }();
  return kAll;
}

std::string Call::text() const { return std::string(to_string(side)) + " " + (watch ? "WATCH" : base::to_string(method)) + " " + path; }

bool crashes(Fault fault) { return fault == Fault::kCrashBefore || fault == Fault::kCrashAfter || fault == Fault::kCrashLateCommit; }

std::vector<Aim> aims_at(int number, const Call& call, bool two_processes) {
  std::vector<Aim> aims;
  for (const Fault fault : all_faults()) {
    if (fits(fault, call)) aims.push_back({number, fault, 0});
  }
  if (two_processes) aims.push_back({number, Fault::kCutOff, 0});
  for (int event = 1; call.watch && event <= call.events; ++event) {
    aims.push_back({number, Fault::kDuplicateEvent, event});
    aims.push_back({number, Fault::kDroppedEvents, event});
  }
  return aims;
}

}  // namespace lepton_operator::faults
