// The flags that there are, each with the check of its value. Internal to flags*.cc. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "app/flags.h"

namespace lepton_operator::app {

// What is wrong with a value, without the flag's name; nothing when it was taken.
using Complaint = std::optional<std::string>;

enum class Shape { kValue, kSwitch, kList };

struct Flag {
  const char* name;
  const char* type;
  const char* help;
  Complaint (*set)(Options& options, const std::string& value);  // a list comes with its values one a line
  Shape shape = Shape::kValue;
};

std::span<const Flag> all_flags();

// Several flags that do not go together, as a sentence that names the first.
Complaint check_together(const Options& options);

}  // namespace lepton_operator::app
