// What is wrong with a workspace, and what to do about it: the troubleshooting list as rules over a survey.
//
// Each part of the list gives one finding when all is well with it, and else one for each fault. A fault is what will keep an evaluation
// from running; a note is what somebody should know. Pure. No finding holds a secret.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "cli/survey.h"
#include "cli/wants.h"
#include "lepton/credentials.h"

namespace lepton_operator::cli {

enum class Health { kGood, kNote, kFault, kUnknown };
const char* to_string(Health health);  // "ok", "note", "fault", "unknown"

struct Finding {
  Health health = Health::kGood;
  std::string part;         // of the list: "node groups"
  std::string what;         // one sentence, without a full stop
  std::string remedy = {};  // what to do; for a fault always
};

struct Surveyed {
  const lepton::Credentials& credentials;
  std::string source;  // where they come from: "Secret team/lepton"
  const Wants& wants;
  const Survey& survey;
  base::Timestamp now{};
};

std::vector<Finding> judge(const Surveyed& surveyed);

}  // namespace lepton_operator::cli
