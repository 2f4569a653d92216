// The table of verbs, in the order in which --help shows them.
#include "cli/verb.h"

namespace lepton_operator::cli {

namespace {

constexpr VerbEntry kVerbs[] = {
    {"run", kRunManual, make_run},                                     //
    {"status", kStatusManual, make_status, Argument::kInvocation},     //
    {"logs", kLogsManual, make_logs, Argument::kInvocation},           //
    {"events", kEventsManual, make_events, Argument::kInvocation},     //
    {"suspend", kSuspendManual, make_suspend, Argument::kInvocation},  //
    {"resume", kResumeManual, make_resume, Argument::kInvocation},     //
    {"retry", kRetryManual, make_retry, Argument::kInvocation},        //
    {"delete", kDeleteManual, make_delete, Argument::kInvocation},     //
    {"render", kRenderManual, make_render},                            //
    {"tasks", kTasksManual, make_tasks, Argument::kBenchmark},         //
    {"workspace check", kWorkspaceCheckManual, make_workspace_check, Argument::kWorkspace},
    {"completion", kCompletionManual, make_completion, Argument::kShell},  //
};

}  // namespace

std::span<const VerbEntry> all_verbs() { return kVerbs; }

}  // namespace lepton_operator::cli
