#include "base/redactor.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <set>
#include <vector>

#include "base/hash.h"
#include "base/http.h"
#include "base/json.h"

namespace lepton_operator::base {

namespace {

static_assert(Redactor::kShortest == sizeof(std::uint64_t));

std::uint64_t beginning(const char* text) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, text, sizeof bytes);
  return bytes;
}

// What a value looks like within the Base64 of a longer text: three ways, by how many bytes stand before it. Each has only those digits
// that the value alone decides.
std::vector<std::string> within_base64(const std::string& value) {
  std::vector<std::string> forms;
  for (std::size_t before = 0; before < 3; ++before) {
    const std::string digits = base64_encode(std::string(before, '\0') + value);
    const std::size_t first = (8 * before + 5) / 6;
    const std::size_t end = 8 * (before + value.size()) / 6;
    forms.push_back(digits.substr(first, end - first));
  }
  return forms;
}

std::string url_safe(std::string base64) {
  std::replace(base64.begin(), base64.end(), '+', '-');
  std::replace(base64.begin(), base64.end(), '/', '_');
  return base64;
}

// As in a path, where slashes stay.
std::string with_slashes(std::string percent) {
  for (std::size_t at = percent.find("%2F"); at != std::string::npos; at = percent.find("%2F", at + 1)) percent.replace(at, 3, "/");
  return percent;
}

// "%2F" → "%2f": both are in use.
std::string with_small_escapes(std::string percent) {
  for (std::size_t at = percent.find('%'); at != std::string::npos; at = percent.find('%', at + 1)) {
    for (const std::size_t digit : {at + 1, at + 2})
      percent[digit] = static_cast<char>(std::tolower(static_cast<unsigned char>(percent[digit])));
  }
  return percent;
}

std::set<std::string> forms_of(const std::string& secret) {
  const std::string quoted = to_text(Json::string(secret));
  const std::string percent = encode_segment(secret);
  std::set<std::string> forms = {secret, quoted.substr(1, quoted.size() - 2), percent, with_small_escapes(percent), with_slashes(percent)};
  for (const std::string& digits : within_base64(secret)) {
    forms.insert(digits);
    forms.insert(url_safe(digits));
  }
  std::erase_if(forms, [](const std::string& form) { return form.size() < Redactor::kShortest; });
  return forms;
}

std::uint32_t print_of(std::string_view text) { return static_cast<std::uint32_t>(std::hash<std::string_view>()(text)); }

}  // namespace

bool Redactor::add(const std::string& secret) {
  if (secret.size() < kShortest) return false;
  const auto [known, added] = known_.try_emplace(secret, 0);
  ++known->second;
  if (!added) return false;
  for (const std::string& form : forms_of(secret)) {
    forms_.emplace(beginning(form.data()), Form{&known->first, static_cast<std::uint32_t>(form.size()), print_of(form)});
  }
  return true;
}

void Redactor::remove(const std::string& secret) {
  const auto known = known_.find(secret);
  if (known == known_.end() || --known->second > 0) return;
  for (const std::string& form : forms_of(secret)) {
    const auto [first, last] = forms_.equal_range(beginning(form.data()));
    const Form gone{&known->first, static_cast<std::uint32_t>(form.size()), print_of(form)};
    forms_.erase(std::find_if(first, last, [&](const auto& other) { return other.second == gone; }));
  }
  known_.erase(known);
}

std::size_t Redactor::match(std::string_view text, std::size_t at) const {
  std::size_t end = at;
  std::string_view found;
  std::uint32_t print = 0;
  const auto [first, last] = forms_.equal_range(beginning(text.data() + at));
  for (auto alike = first; alike != last; ++alike) {
    const Form& form = alike->second;
    if (at + form.size <= end || text.size() - at < form.size) continue;
    if (found.size() != form.size) print = print_of(found = text.substr(at, form.size));  // most that begin alike are as long
    if (print == form.print && forms_of(*form.secret).contains(std::string(found))) end = at + form.size;
  }
  return end;
}

std::string Redactor::clean(std::string_view text) const {
  if (known_.empty() || text.size() < kShortest) return std::string(text);
  std::string cleaned;
  std::size_t kept = 0;        // everything before it is in `cleaned`
  std::size_t secret_end = 0;  // of the occurrence that was begun last
  for (std::size_t at = 0; at + kShortest <= text.size(); ++at) {
    const std::size_t end = match(text, at);
    if (end == at) continue;
    if (at >= secret_end) {  // else it overlaps the one before: both are one
      cleaned.append(text.substr(kept, at - kept)).append("***");
    }
    secret_end = std::max(secret_end, end);
    kept = secret_end;
  }
  return cleaned.append(text.substr(kept));
}

bool Redactor::found_in(std::string_view text) const {
  for (std::size_t at = 0; at + kShortest <= text.size(); ++at) {
    if (match(text, at) != at) return true;
  }
  return false;
}

}  // namespace lepton_operator::base
