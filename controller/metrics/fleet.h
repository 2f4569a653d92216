// What a scrape shows of what there is now: taken from the caches when asked, so that a series vanishes with its object. Plain values.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "invocation/digest.h"
#include "invocation/object.h"
#include "kube/work_queue.h"

namespace lepton_operator::metrics {

struct InvocationFigure {
  invocation::ObjectKey key;
  invocation::Digest digest;
};

struct WorkspaceFigure {
  invocation::ObjectKey key;
  bool up = false;  // it authenticates and answers
  std::optional<base::Timestamp> token_expires_at = {};
};

// What a workspace has of ours without an Invocation.
struct OrphanFigure {
  invocation::ObjectKey workspace;
  std::string kind;  // "endpoint", "job", "secret"
  int count = 0;
};

struct ControllerFigure {
  std::string name;
  kube::WorkQueueStats queue;
};

struct Fleet {
  std::vector<InvocationFigure> invocations = {};
  std::vector<WorkspaceFigure> workspaces = {};
  std::vector<OrphanFigure> orphans = {};
  std::vector<std::string> invalid_manifests = {};  // files
  std::vector<ControllerFigure> controllers = {};
};

// Called on the domain thread.
using FleetReader = std::function<Fleet()>;

}  // namespace lepton_operator::metrics
