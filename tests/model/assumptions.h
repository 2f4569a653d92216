// What the model takes for granted about Lepton, each by a name. assumptions_test.cc holds every one of them to the simulator, so that the
// two cannot drift apart; the rest of what abstract_workspace.h does is compared with it request by request.
#pragma once

namespace lepton_operator::invocation::model {

enum class Assumption {
  kNameIsTakenUntilGone,      // an endpoint's name cannot be had again while one of that name stands, though it is on its way out
  kJobNamesRepeat,            // two requests for a job of one name make two jobs
  kJobIdsAreNew,              // each with an id of its own, by which alone it can be read and removed
  kEffectWithoutAnswer,       // a request whose answer is lost may have taken effect
  kEffectAfterAnswerIsLost,   // it may take effect after its sender has given up waiting for an answer
  kRefusedHasNoEffect,        // 429 and 4xx: nothing happened
  kListShowsAll,              // a list shows all that stands when it is answered, but for what was made in the last seconds
  kRemovalTakesItsTime,       // what is removed is shown as Deleting, then not at all; removing it once more changes nothing
  kAbsentIsNotFound,          // a removed job answers 404 by its id, an absent endpoint 404 to its removal
  kEndingStays,               // a job that is over stays as it ended, whatever is asked of it, until it is removed
  kEndpointMayFail,           // one that starts ends up Ready or in Error
  kJobMayFail,                // one that runs ends up Completed or Failed
  kRunningJobMakesDirectory,  // the directory is there from the moment that a task's job runs
  kCleanupJobRemovesIt,       // and is gone when a cleanup job has completed
  kSecretNameIsTaken,         // a secret of a name that there is cannot be made; a removed one is gone at once
  kNotFoundIsNotEmpty,        // a workspace that answers 404 keeps what it has
};
inline constexpr int kAssumptions = 16;

}  // namespace lepton_operator::invocation::model
