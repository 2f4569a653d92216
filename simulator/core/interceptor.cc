#include "core/interceptor.h"

#include "core/schema.h"

namespace lepton_operator::simulator {

base::Result<Hold> parse_hold(const base::Json& value) {
  static const Schema kSchema = Schema::object({{"method", Schema::string()},
                                                {"path", Schema::string()},
                                                {"nth", Schema::integer(1, 1e6)},
                                                {"when", Schema::choice({"before", "after"})}});
  if (const auto violation = kSchema.check(value)) return base::Error{base::ErrorKind::kInvalid, violation->message, violation->field};
  Hold hold;
  hold.method = base::get_string(value, "method").value_or("*");
  hold.path = base::get_string(value, "path").value_or("*");
  hold.nth = static_cast<int>(base::get_int(value, "nth").value_or(1));
  hold.before_commit = base::get_string(value, "when") == "before";
  return hold;
}

std::optional<Hold> Interceptor::caught(const std::string& method, const std::string& path) {
  for (auto hold = holds_.begin(); hold != holds_.end(); ++hold) {
    if (!glob(hold->method, method) || !glob(hold->path, path)) continue;
    if (--hold->nth > 0) continue;
    const Hold found = *hold;
    holds_.erase(hold);
    return found;
  }
  return std::nullopt;
}

std::uint64_t Interceptor::keep(HeldRequest held) {
  held.ticket = next_ticket_++;
  const std::uint64_t ticket = held.ticket;
  held_.emplace(ticket, std::move(held));
  return ticket;
}

std::vector<HeldRequest> Interceptor::take(std::optional<std::uint64_t> ticket) {
  std::vector<HeldRequest> taken;
  for (auto each = held_.begin(); each != held_.end();) {
    if (ticket && each->first != *ticket) {
      ++each;
      continue;
    }
    taken.push_back(std::move(each->second));
    each = held_.erase(each);
  }
  return taken;
}

}  // namespace lepton_operator::simulator
