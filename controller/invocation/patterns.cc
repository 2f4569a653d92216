#include "invocation/patterns.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace lepton_operator::invocation::patterns {

using base::is_digit;

namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
bool is_alphanumeric(char c) { return is_letter(c) || is_digit(c); }

template <class Predicate>
bool all(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

// Segments between slashes: none empty, "." or "..", and nothing that could end a line somewhere.
bool has_clean_segments(std::string_view text) {
  if (text.empty() || !all(text, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; })) return false;
  while (true) {
    const std::size_t slash = text.find('/');
    const std::string_view segment = text.substr(0, slash);
    if (segment.empty() || segment == "." || segment == "..") return false;
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash + 1);
  }
}

}  // namespace

bool is_object_name(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  const auto end_fits = [](char c) { return is_lower(c) || is_digit(c); };
  return end_fits(text.front()) && end_fits(text.back()) && all(text, [&](char c) { return end_fits(c) || c == '-' || c == '.'; });
}

bool is_secret_key(std::string_view text) {
  return !text.empty() && text.size() <= 253 && all(text, [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_task_name(std::string_view text) {
  if (text.empty() || text.size() > 63) return false;
  return is_alphanumeric(text.front()) && is_alphanumeric(text.back()) &&
         all(text, [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_env_name(std::string_view text) {
  return !text.empty() && text.size() <= 253 && !is_digit(text.front()) && all(text, [](char c) { return is_alphanumeric(c) || c == '_'; });
}

bool is_reserved_env(std::string_view text) { return text.starts_with("LEPTON_") || text.starts_with("LEPTONOP_"); }

bool is_job_env_of_ours(std::string_view text) { return text == "EVAL_OUTPUT_DIR"; }

bool is_endpoint_type(std::string_view text) {
  return !text.empty() && text.size() <= 63 && is_lower(text.front()) &&
         all(text, [](char c) { return is_lower(c) || is_digit(c) || c == '_' || c == '-'; });
}

bool is_http_url(std::string_view text) {
  if (!all(text, [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; })) return false;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (text.starts_with(scheme)) return text.size() > scheme.size() && text[scheme.size()] != '/';
  }
  return false;
}

bool is_clean_absolute_path(std::string_view text) {
  if (text.size() < 2 || text.front() != '/') return false;
  text.remove_prefix(1);
  if (text.size() > 1 && text.back() == '/') text.remove_suffix(1);
  return has_clean_segments(text);
}

bool is_clean_relative_path(std::string_view text) {
  if (text.size() > 1 && text.back() == '/') text.remove_suffix(1);
  return has_clean_segments(text);
}

bool is_mount_path(std::string_view text) {
  // What the SDK refuses as well (lepton-api.md, section 7).
  static constexpr auto kSystem = std::to_array<std::string_view>(
      {"/bin", "/boot", "/dev", "/etc", "/lib",     "/lib64",   "/media",     "/opt",      "/proc", "/root",    "/run",     "/sbin",
       "/srv", "/sys",  "/tmp", "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/usr/sbin", "/var",  "/var/lib", "/var/log", "/var/run"});
  if (!is_clean_absolute_path(text)) return false;
  if (text.back() == '/') text.remove_suffix(1);
  return std::find(kSystem.begin(), kSystem.end(), text) == kSystem.end();
}

}  // namespace lepton_operator::invocation::patterns
