#include "invocation/names.h"

#include <cstdint>

#include "base/hash.h"

namespace lepton_operator::invocation {

namespace {

constexpr std::size_t kHashLength = 10;  // of base 32: 50 bits
constexpr std::size_t kTaskLength = 6;   // readable part of a task's name
constexpr std::size_t kPurposeLength = 16;
constexpr std::size_t kLongestLabel = 63;

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// The parts are joined by a byte that none of them holds, so that different parts never make one text.
std::string hash_of(std::initializer_list<std::string_view> parts) {
  static constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";
  std::string text;
  for (const std::string_view part : parts) {
    text += part;
    text += '\0';
  }
  std::uint64_t bits = std::stoull(base::sha256_hex(text).substr(0, 16), nullptr, 16);
  std::string hash;
  for (std::size_t i = 0; i < kHashLength; ++i, bits >>= 5) hash += kDigits[bits & 31];
  return hash;
}

// What is left of `text` in lower-case letters, digits and single dashes; never empty, no dash at its ends.
std::string readable(std::string_view text, std::size_t longest) {
  std::string result;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!is_alphanumeric(c)) c = '-';
    if (c == '-' && (result.empty() || result.back() == '-')) continue;
    result += c;
    if (result.size() == longest) break;
  }
  while (!result.empty() && result.back() == '-') result.pop_back();
  return result.empty() ? "x" : result;
}

std::string name_of(const std::string& prefix, const std::string& uid, const std::string& task, int number) {
  const std::string index = std::to_string(number);
  return prefix + "-" + readable(task, kTaskLength) + "-" + index + "-" + hash_of({prefix, uid, task, index});
}

// Labels take at most 63 of [A-Za-z0-9._-] with alphanumeric ends; names of Kubernetes may be longer and then end in their hash.
std::string label_value(const std::string& text) {
  std::string value = text;
  for (char& c : value) {
    if (!is_alphanumeric(c) && c != '.' && c != '_' && c != '-') c = '-';
  }
  const bool fits =
      value == text && value.size() <= kLongestLabel && !value.empty() && is_alphanumeric(value.front()) && is_alphanumeric(value.back());
  if (fits || text.empty()) return value;
  value = value.substr(0, kLongestLabel - kHashLength - 1);
  while (!value.empty() && !is_alphanumeric(value.front())) value.erase(0, 1);
  return value.empty() ? hash_of({text}) : value + "-" + hash_of({text});
}

}  // namespace

std::string invocation_id(const std::string& uid) { return base::sha256_hex(uid).substr(0, 16); }

std::string endpoint_name(DeploymentType type, const std::string& uid, const std::string& task, int incarnation) {
  return name_of(to_string(type), uid, task, incarnation);
}

std::string job_name(const std::string& uid, const std::string& task, int attempt) { return name_of("eval", uid, task, attempt); }

std::string cleanup_job_name(const std::string& uid, int attempt) {
  const std::string index = std::to_string(attempt);
  return "cleanup-" + index + "-" + hash_of({"cleanup", uid, index});
}

std::string secret_name(const std::string& uid, const std::string& purpose) {
  return "inv-" + readable(purpose, kPurposeLength) + "-" + hash_of({"secret", uid, purpose});
}

lepton::Labels owner_labels(const std::string& install_id, const ObjectMeta& meta, const std::string& task, int number) {
  lepton::Labels labels;
  labels.set(kInstallLabel, label_value(install_id));
  labels.set(kNamespaceLabel, label_value(meta.key.namespace_));
  labels.set(kNameLabel, label_value(meta.key.name));
  labels.set(kUidLabel, label_value(meta.uid));
  if (!task.empty()) labels.set(kTaskLabel, label_value(task));
  labels.set(kAttemptLabel, std::to_string(number));
  return labels;
}

std::string owner_uid(const lepton::Labels& labels) { return std::string(labels.find(kUidLabel).value_or("")); }

}  // namespace lepton_operator::invocation
