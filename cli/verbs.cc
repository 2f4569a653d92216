// The table of verbs, in the order in which --help shows them.
#include "cli/verb.h"

namespace lepton_operator::cli {

namespace {

constexpr VerbEntry kVerbs[] = {
    {"tasks", kTasksManual, make_tasks},
};

}  // namespace

std::span<const VerbEntry> all_verbs() { return kVerbs; }

}  // namespace lepton_operator::cli
