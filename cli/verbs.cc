// The table of verbs, in the order in which --help shows them.
#include "cli/verb.h"

namespace lepton_operator::cli {

namespace {

constexpr VerbEntry kVerbs[] = {
    {"status", kStatusManual, make_status}, {"events", kEventsManual, make_events}, {"suspend", kSuspendManual, make_suspend},
    {"resume", kResumeManual, make_resume}, {"retry", kRetryManual, make_retry},    {"delete", kDeleteManual, make_delete},
    {"render", kRenderManual, make_render}, {"tasks", kTasksManual, make_tasks},
};

}  // namespace

std::span<const VerbEntry> all_verbs() { return kVerbs; }

}  // namespace lepton_operator::cli
