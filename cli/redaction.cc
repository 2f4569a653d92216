#include "cli/redaction.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "base/strings.h"

namespace lepton_operator::cli {

namespace {

using base::Json;

// What refers to a secret, or is its name, in a manifest.
constexpr std::array kReferences = {"secretKeyRef",     "leptonSecret", "leptonToken", "valueFrom",
                                    "imagePullSecrets", "apiKeyName",   "api_key_name"};

bool is_reference(const std::string& name) { return std::find(kReferences.begin(), kReferences.end(), name) != kReferences.end(); }

// The last word of HF_TOKEN, api-key, clientSecret, in small letters.
std::string last_word(const std::string& name) {
  std::size_t begin = name.find_last_of("_-. ");
  begin = begin == std::string::npos ? 0 : begin + 1;
  for (std::size_t at = name.size(); at > begin + 1; --at) {
    if (std::isupper(static_cast<unsigned char>(name[at - 1])) && std::islower(static_cast<unsigned char>(name[at - 2]))) {
      begin = at - 1;
      break;
    }
  }
  return base::lower(name.substr(begin));
}

bool tells_of_a_secret(const std::string& name) {
  static const std::array kWords = {"key",    "keys",     "apikey", "token",      "secret",     "secrets",    "password",
                                    "passwd", "password", "pwd",    "passphrase", "credential", "credentials"};
  const std::string word = last_word(name);
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

bool in_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-'; }

// Where the value that begins at `at` ends: a quoted one behind its quote, another before a blank or what parts commands and parameters.
std::size_t end_of_value(const std::string& text, std::size_t at) {
  const bool quoted = at < text.size() && (text[at] == '"' || text[at] == '\'');
  const std::size_t end = quoted ? text.find(text[at], at + 1) : text.find_first_of(" \t\r\n&;|'\"", at);
  if (end == std::string::npos) return text.size();
  return quoted ? end + 1 : end;
}

// NAME=VALUE. A value that is a variable of the shell ("$TOKEN") is none yet.
std::string without_assigned_secrets(const std::string& text) {
  std::string shown;
  std::size_t kept = 0;
  for (std::size_t equal = text.find('='); equal != std::string::npos; equal = text.find('=', equal + 1)) {
    std::size_t begin = equal;
    while (begin > kept && in_name(text[begin - 1])) --begin;
    if (equal < kept || !tells_of_a_secret(text.substr(begin, equal - begin))) continue;
    const std::size_t end = end_of_value(text, equal + 1);
    const std::string value = text.substr(equal + 1, end - equal - 1);
    if (value.empty() || value.starts_with("$") || value.starts_with("\"$")) continue;
    shown.append(text, kept, equal + 1 - kept).append(kHidden);
    kept = end;
  }
  return shown.append(text, kept);
}

// ://USER:PASSWORD@HOST
std::string without_users(const std::string& text) {
  std::string shown;
  std::size_t kept = 0;
  for (std::size_t at = text.find("://"); at != std::string::npos; at = text.find("://", at + 3)) {
    const std::size_t begin = at + 3;
    const std::size_t end = std::min(text.find_first_of("/?# \t\r\n'\"", begin), text.size());
    const std::size_t user_end = text.rfind('@', end);
    if (user_end == std::string::npos || user_end < begin || user_end >= end) continue;
    shown.append(text, kept, begin - kept).append(kHidden);
    kept = user_end;
  }
  return shown.append(text, kept);
}

Json hidden(const Json& value, const std::string& name);

Json object_without_secrets(const Json& object) {
  Json shown = object;
  const auto variable = base::get_string(object, "name");
  for (const auto& [name, value] : object.as_object()) {
    if (is_reference(name)) continue;
    const bool of_variable = name == "value" && variable && tells_of_a_secret(*variable);
    shown[name] = hidden(value, of_variable ? "secret" : name);
  }
  return shown;
}

// "--api-key", "s3cr3t": the word behind such a flag.
Json list_without_secrets(const Json& list, const std::string& name) {
  Json shown = list;
  bool expected = false;
  std::size_t at = 0;
  for (const Json& item : base::elements(&list)) {
    const bool text = item.is_string();
    shown[at++] = hidden(item, text && expected && !item.as_string().starts_with("-") ? "secret" : name);
    expected = text && item.as_string().starts_with("--") && tells_of_a_secret(item.as_string());
  }
  return shown;
}

Json hidden(const Json& value, const std::string& name) {
  if (value.is_object()) return object_without_secrets(value);
  if (value.is_array()) return list_without_secrets(value, name);
  if (!value.is_string()) return value;
  if (tells_of_a_secret(name) && !value.as_string().empty()) return Json::string(kHidden);
  return Json::string(without_users(without_assigned_secrets(value.as_string())));
}

}  // namespace

Json without_secrets(const Json& spec) {
  Json shown = hidden(spec, "");
  const Json* deployment = base::find(shown, "deployment");
  const Json* tokens = deployment == nullptr ? nullptr : base::find(*deployment, "apiTokens");
  if (tokens == nullptr || !tokens->is_array()) return shown;
  for (Json& token : shown["deployment"]["apiTokens"].as_array()) {
    if (base::get_string(token, "value")) token["value"] = Json::string(kHidden);
  }
  return shown;
}

}  // namespace lepton_operator::cli
