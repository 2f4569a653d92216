#include <set>

#include "core/contract.h"

namespace lepton_operator::simulator {
namespace {

bool lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool alphanumeric(char c) { return lower_or_digit(c) || (c >= 'A' && c <= 'Z'); }

// The mount path with doubled slashes, "." and ".." resolved, as the server's check sees it.
std::string normalised(const std::string& path) {
  std::vector<std::string> parts;
  std::string part;
  for (const char c : path + "/") {
    if (c != '/') {
      part += c;
      continue;
    }
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
    part.clear();
  }
  std::string result;
  for (const std::string& each : parts) result += "/" + each;
  return result.empty() ? "/" : result;
}

std::optional<std::string> wrong_label_text(const std::string& text) {
  if (text.size() > 63) return "must have at most 63 characters";
  if (!alphanumeric(text.front()) || !alphanumeric(text.back())) return "must begin and end with a letter or digit";
  for (const char c : text) {
    if (!alphanumeric(c) && c != '.' && c != '_' && c != '-') return "may hold letters, digits, '.', '_' and '-' only";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> wrong_name(const std::string& name) {
  if (name.empty()) return "must not be empty";
  if (name.size() > 36) return "must have at most 36 characters";
  if (name.front() < 'a' || name.front() > 'z') return "must begin with a lower-case letter";
  for (const char c : name) {
    if (!lower_or_digit(c) && c != '-') return "may hold lower-case letters, digits and '-' only";
  }
  if (name.back() == '-') return "must not end with '-'";
  if (name.ends_with("by-lepton")) return "must not end in by-lepton";
  return std::nullopt;
}

std::optional<std::string> wrong_label_key(const std::string& key) {
  if (key.empty()) return "a label key must not be empty";
  return wrong_label_text(key);
}

std::optional<std::string> wrong_label_value(const std::string& value) {
  if (value.empty()) return std::nullopt;
  return wrong_label_text(value);
}

std::optional<std::string> wrong_env_name(const std::string& name) {
  if (name.empty()) return "must not be empty";
  if (name.starts_with("LEPTON_")) return "names that begin with LEPTON_ are reserved";
  if (name.front() >= '0' && name.front() <= '9') return "must not begin with a digit";
  for (const char c : name) {
    if (!alphanumeric(c) && c != '_') return "may hold letters, digits and '_' only";
  }
  return std::nullopt;
}

std::optional<std::string> wrong_mount_path(const std::string& path) {
  static const std::set<std::string> kSystem = {"/",
                                                "/bin",
                                                "/boot",
                                                "/dev",
                                                "/etc",
                                                "/lib",
                                                "/lib64",
                                                "/media",
                                                "/opt",
                                                "/proc",
                                                "/run",
                                                "/sbin",
                                                "/srv",
                                                "/sys",
                                                "/usr",
                                                "/usr/bin",
                                                "/usr/lib",
                                                "/usr/local",
                                                "/usr/sbin",
                                                "/var",
                                                "/sys/fs/cgroup",
                                                "/sys/kernel/security",
                                                "/proc/sys",
                                                "/proc/bus"};
  if (path.empty() || path.front() != '/') return "must be an absolute path";
  if (kSystem.contains(normalised(path))) return "is a system directory";
  return std::nullopt;
}

}  // namespace lepton_operator::simulator
