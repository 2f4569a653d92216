// What the orphan sweep is to do, as --orphan-sweep and --orphan-sweep-after say. Plain values.
#pragma once

#include "base/time.h"

namespace lepton_operator::reconcile {

enum class SweepMode { kDelete, kReport, kOff };

struct SweepOptions {
  SweepMode mode = SweepMode::kDelete;
  base::Milliseconds after{10 * 60'000};  // between the two looks that make something an orphan

  bool operator==(const SweepOptions&) const = default;
};

}  // namespace lepton_operator::reconcile
