// How a verb ends: an exit code, or trouble that is told as one sentence and a hint.
//
// Exit codes are part of what scripts rely on (docs/cli.md): change none. Plain values.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "base/result.h"

namespace lepton_operator::cli {

enum class ExitCode {
  kDone = 0,
  kEndedBadly = 1,    // the Invocation that was waited for failed, or a check found a fault
  kWrongUsage = 2,    // a flag, an override or a manifest is wrong: nothing was sent
  kCouldNot = 3,      // the cluster, the directory or Lepton refused, or could not be asked
  kInterrupted = 130  // Ctrl-C; what runs in Lepton goes on
};

struct Trouble {
  ExitCode code = ExitCode::kCouldNot;
  std::string sentence;   // what happened, and where
  std::string hint = {};  // what to do; may be empty
};

using Verdict = std::variant<ExitCode, Trouble>;

// A value, or the trouble that there is in its place.
template <class T>
using Found = std::variant<T, Trouble>;

inline Trouble wrong_usage(std::string sentence, std::string hint = {}) {
  return {ExitCode::kWrongUsage, std::move(sentence), std::move(hint)};
}

inline Trouble could_not(std::string sentence, std::string hint = {}) {
  return {ExitCode::kCouldNot, std::move(sentence), std::move(hint)};
}

}  // namespace lepton_operator::cli
