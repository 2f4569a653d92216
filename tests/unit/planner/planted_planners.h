// Planners with a bug, for tests that have to find it: the plan is falsified as that bug would.
#pragma once

#include "unit/planner/world_builder.h"

namespace lepton_operator::invocation::planner {

// The finalizer falls at once.
Plan drops_the_finalizer_early(const Scene& scene);
// A workspace that answers 404 is taken for one in which nothing is left.
Plan takes_404_for_clean(const Scene& scene);
// A job's creation whose end is unknown is sent once more, at once.
Plan sends_creations_again_blindly(const Scene& scene);
// That no look shows a job is believed whenever the look began, and however short after the intent.
Plan believes_stale_absence(const Scene& scene);

}  // namespace lepton_operator::invocation::planner
