#include "app/default_workspace.h"

#include <utility>

#include "base/backoff.h"
#include "store/manifest.h"
#include "store/resources.h"

namespace lepton_operator::app {

using base::Error;
using base::ErrorKind;
using base::Result;

namespace {

constexpr base::Milliseconds kLook{1'000};  // whether it may be applied by now
constexpr std::chrono::seconds kApplyFirstWait{1};
constexpr std::chrono::seconds kApplyMostWait{30};

}  // namespace

Result<DefaultWorkspace> parse_default_workspace(const std::string& source, const std::string& text) {
  const store::ManifestFile file = store::parse_manifest(source, source, text);
  if (!file.errors.empty()) return base::invalid(file.errors.front());
  if (file.documents.size() != 1 || file.documents.front().kind != store::Kind::kWorkspace) {
    return base::invalid(source + ": must hold one object, a Workspace");
  }
  const store::Document& document = file.documents.front();
  if (!document.errors.empty()) return base::invalid(document.errors.front());
  if (!base::get_string(base::get_object(document.yaml.value, "metadata"), "namespace")) {
    return base::invalid(document.where("metadata") +
                         ": metadata.namespace: is missing; a Workspace serves the Invocations of its own namespace");
  }
  return DefaultWorkspace{document.key, document.yaml.value};
}

boost::asio::awaitable<void> apply_default_workspace(base::Context context, DefaultWorkspace workspace, DefaultWorkspaceParts parts) {
  const kube::ObjectName name{workspace.key.namespace_, workspace.key.name};
  base::Backoff backoff(kApplyFirstWait, kApplyMostWait);
  std::string told;
  while (!context.expired()) {
    if (!parts.may_apply()) {
      co_await parts.clock.sleep(context, kLook);
      continue;
    }
    const Result<base::Json> applied =
        co_await parts.api.patch(context, store::workspaces_resource(), name, "", kube::PatchType::kApplyUnforced, workspace.object);
    const base::LogFields about = {{"workspace", workspace.key.text()}};
    if (applied) {
      parts.log.info("default workspace applied", about);
      co_return;
    }
    if (context.expired()) co_return;
    const Error& error = applied.error();
    const base::LogFields why = {{"workspace", workspace.key.text()}, {"error", error.text()}};
    if (error.kind == ErrorKind::kConflict) {
      parts.log.warn("default workspace left as it is: others have set its fields otherwise", why);
      parts.left_alone(error.what);
      co_return;
    }
    if (error.kind == ErrorKind::kInvalid) {
      parts.log.warn("default workspace refused by the API server", why);
      co_return;
    }
    if (error.text() != told) parts.log.warn("default workspace not applied yet", why);
    told = error.text();
    const base::Milliseconds wait = backoff.next(parts.random);
    co_await parts.clock.sleep(context, wait);
  }
}

}  // namespace lepton_operator::app
