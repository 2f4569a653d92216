// Points in time and durations as the API writes them.
//
// Timestamps are UTC milliseconds; text is RFC 3339 ("2026-07-01T12:00:00.250Z"; fraction omitted when zero). Durations are Go's strings as
// Kubernetes takes them ("20m", "1h30m", "500ms", "24h"). Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace lepton_operator::base {

using Milliseconds = std::chrono::milliseconds;
using Timestamp = std::chrono::sys_time<Milliseconds>;

std::string format_timestamp(Timestamp at);
std::optional<Timestamp> parse_timestamp(std::string_view text);

std::string format_duration(Milliseconds duration);  // "4m12s": at most two units, as people read it
std::optional<Milliseconds> parse_duration(std::string_view text);

}  // namespace lepton_operator::base
