#include "base/time.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>

#include "base/strings.h"

namespace lepton_operator::base {

namespace {

// Takes exactly `count` digits off the front.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_digit(text[i])) return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// ".250" → 250 ms; digits beyond milliseconds are cut. Nothing when there is a point without digits.
std::optional<Milliseconds> take_fraction(std::string_view& text) {
  if (!take(text, ".")) return Milliseconds{0};
  int value = 0;
  int digits = 0;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1), ++digits) {
    if (digits < 3) value = value * 10 + (text.front() - '0');
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 3; ++digits) value *= 10;
  return Milliseconds{value};
}

std::optional<std::chrono::minutes> take_offset(std::string_view& text) {
  if (take(text, "Z") || take(text, "z")) return std::chrono::minutes{0};
  const int sign = text.starts_with('-') ? -1 : 1;
  if (!take(text, "+") && !take(text, "-")) return std::nullopt;
  const auto hours = take_digits(text, 2);
  if (!hours || *hours > 23 || !take(text, ":")) return std::nullopt;
  const auto minutes = take_digits(text, 2);
  if (!minutes || *minutes > 59) return std::nullopt;
  return std::chrono::minutes{sign * (*hours * 60 + *minutes)};
}

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, "-")) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date};
}

std::optional<std::chrono::seconds> take_time_of_day(std::string_view& text) {
  const auto hour = take_digits(text, 2);
  if (!hour || *hour > 23 || !take(text, ":")) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || *minute > 59 || !take(text, ":")) return std::nullopt;
  const auto second = take_digits(text, 2);
  if (!second || *second > 60) return std::nullopt;  // 60: a leap second
  return std::chrono::seconds{*hour * 3600 + *minute * 60 + *second};
}

// Milliseconds of one unit, taken off the front.
std::optional<double> take_unit(std::string_view& text) {
  struct Unit {
    std::string_view name;
    double milliseconds;
  };
  // Longer names first: "ms" is not minutes.
  static constexpr std::array<Unit, 8> kUnits{
      {{"ns", 1e-6}, {"us", 1e-3}, {"\u00b5s", 1e-3}, {"\u03bcs", 1e-3}, {"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}}};
  for (const Unit& unit : kUnits) {
    if (take(text, unit.name)) return unit.milliseconds;
  }
  return std::nullopt;
}

}  // namespace

std::string format_timestamp(Timestamp at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{at - day};
  std::array<char, 64> buffer{};
  const int length =
      std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                    static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
  std::string text(buffer.data(), static_cast<std::size_t>(length));
  const auto fraction = time.subseconds().count();
  if (fraction != 0) {
    std::snprintf(buffer.data(), buffer.size(), ".%03d", static_cast<int>(fraction));
    text += buffer.data();
  }
  return text + "Z";
}

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  const auto date = take_date(text);
  if (!date || !(take(text, "T") || take(text, "t") || take(text, " "))) return std::nullopt;
  const auto time = take_time_of_day(text);
  if (!time) return std::nullopt;
  const auto fraction = take_fraction(text);
  if (!fraction) return std::nullopt;
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  return Timestamp{*date} + *time + *fraction - *offset;
}

std::string format_duration(Milliseconds duration) {
  if (duration < Milliseconds{0}) return "-" + format_duration(-duration);
  const std::int64_t total = duration.count();
  if (total == 0) return "0s";
  if (total < 1000) return std::to_string(total) + "ms";
  const std::int64_t seconds = total / 1000;
  if (seconds < 10 && total % 1000 >= 100) return std::to_string(seconds) + "." + std::to_string(total % 1000 / 100) + "s";
  if (seconds < 60) return std::to_string(seconds) + "s";
  const bool hours = seconds >= 3600;
  const std::int64_t large = hours ? 3600 : 60;
  const std::int64_t rest = hours ? seconds % 3600 / 60 : seconds % 60;
  std::string text = std::to_string(seconds / large) + (hours ? "h" : "m");
  if (rest != 0) text += std::to_string(rest) + (hours ? "m" : "s");
  return text;
}

std::optional<Milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return Milliseconds{0};
  if (text.empty()) return std::nullopt;
  constexpr double kMost = 1e15;  // 30,000 years: beyond it sums of times would overflow
  double total = 0;
  while (!text.empty()) {
    if (!is_digit(text.front()) && text.front() != '.') return std::nullopt;  // from_chars would take "-", "inf", "nan"
    double number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (failure != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const auto unit = take_unit(text);
    if (!unit) return std::nullopt;
    total += number * *unit;
    if (!(total <= kMost)) return std::nullopt;
  }
  return Milliseconds{static_cast<std::int64_t>(std::floor(total + 1e-6))};  // 1.005s is 1004.9999… in binary
}

}  // namespace lepton_operator::base
