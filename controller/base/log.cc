#include "base/log.h"

#include <algorithm>
#include <mutex>

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "base/json.h"
#include "base/time.h"
#include "base/utf8.h"

namespace lepton_operator::base {

namespace {

const char* to_string(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarn: return "warn";
    case LogLevel::kError: return "error";
  }
  __builtin_unreachable();
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarn: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
  }
  __builtin_unreachable();
}

std::string json_string(std::string_view text) { return to_text(Json::string(std::string(text))); }

bool needs_quotes(std::string_view value) {
  if (value.empty() || invalid_utf8(value)) return true;
  return std::any_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= ' ' || byte == 0x7F || c == '"' || c == '=' || c == '\\';
  });
}

// Before formatting: escapes within escapes are not among the forms that a Redactor knows.
std::string clean_line(const Redactor& secrets, LogFormat format, LogLevel level, std::string_view timestamp, std::string_view message,
                       const LogFields& fields) {
  LogFields clean;
  for (const auto& [key, value] : fields) clean.emplace_back(key, secrets.clean(value));
  return format_log_line(format, level, timestamp, secrets.clean(message), clean);
}

class StderrLog final : public Log {
 public:
  StderrLog(LogLevel level, LogFormat format)
      : logger_("lepton-operator", std::make_shared<spdlog::sinks::stderr_sink_mt>()), format_(format) {
    logger_.set_pattern("%v");
    logger_.set_level(to_spdlog(level));
    logger_.flush_on(spdlog::level::trace);
  }

  void write(LogLevel level, std::string_view message, const LogFields& fields) override {
    if (!logger_.should_log(to_spdlog(level))) return;
    const auto now = std::chrono::floor<Milliseconds>(std::chrono::system_clock::now());
    const std::lock_guard lock(mutex_);
    const std::string line = clean_line(secrets_, format_, level, format_timestamp(now), message, fields);
    logger_.log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
  }

  void redact(std::string secret) override {
    const std::lock_guard lock(mutex_);
    secrets_.add(secret);
  }

  void unredact(const std::string& secret) override {
    const std::lock_guard lock(mutex_);
    secrets_.remove(secret);
  }

 private:
  spdlog::logger logger_;
  LogFormat format_;
  std::mutex mutex_;
  Redactor secrets_;
};

}  // namespace

std::unique_ptr<Log> make_stderr_log(LogLevel level, LogFormat format) { return std::make_unique<StderrLog>(level, format); }

void MemoryLog::write(LogLevel level, std::string_view message, const LogFields& fields) {
  lines_.push_back(clean_line(secrets_, LogFormat::kText, level, "", message, fields));
}

void MemoryLog::redact(std::string secret) { secrets_.add(secret); }

void MemoryLog::unredact(const std::string& secret) { secrets_.remove(secret); }

std::string format_log_line(LogFormat format, LogLevel level, std::string_view timestamp, std::string_view message,
                            const LogFields& fields) {
  std::string line;
  switch (format) {
    case LogFormat::kText:
      line = "level=" + std::string(to_string(level));
      if (!timestamp.empty()) line += " ts=" + std::string(timestamp);
      line += " msg=" + json_string(message);
      for (const auto& [key, value] : fields) {
        line += " " + std::string(key) + "=" + (needs_quotes(value) ? json_string(value) : value);
      }
      return line;
    case LogFormat::kJson:
      line = R"({"level":")" + std::string(to_string(level)) + '"';
      if (!timestamp.empty()) line += R"(,"ts":)" + json_string(timestamp);
      line += R"(,"msg":)" + json_string(message);
      for (const auto& [key, value] : fields) line += "," + json_string(key) + ":" + json_string(value);
      return line + "}";
  }
  __builtin_unreachable();
}

}  // namespace lepton_operator::base
