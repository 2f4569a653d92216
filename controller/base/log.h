// Structured logging: a message and fields, written by spdlog as text (logfmt) or JSON, one line each.
//
//   log.info("endpoint ready", {{"invocation", "team/llama"}, {"task", "gpqa_diamond"}});
//   → level=info ts=2026-07-01T12:00:00.250Z msg="endpoint ready" invocation=team/llama task=gpqa_diamond
//
// Passed by reference from main; any thread. Secrets: values registered with redact() never reach the sink; callers still must not pass
// them.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/redactor.h"

namespace lepton_operator::base {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kText, kJson };

using LogField = std::pair<std::string_view, std::string>;
using LogFields = std::vector<LogField>;

class Log {
 public:
  virtual ~Log() = default;
  virtual void write(LogLevel level, std::string_view message, const LogFields& fields) = 0;

  void debug(std::string_view message, const LogFields& fields = {}) { write(LogLevel::kDebug, message, fields); }
  void info(std::string_view message, const LogFields& fields = {}) { write(LogLevel::kInfo, message, fields); }
  void warn(std::string_view message, const LogFields& fields = {}) { write(LogLevel::kWarn, message, fields); }
  void error(std::string_view message, const LogFields& fields = {}) { write(LogLevel::kError, message, fields); }

  // From now on every occurrence of `secret` (8 characters or more) in a line, in any form that a Redactor knows, is written as "***".
  virtual void redact(std::string secret) = 0;
  // Takes one redact() of it back: its bearer is gone, and with it all that could speak of it. A log may go on knowing it.
  virtual void unredact(const std::string& secret) { static_cast<void>(secret); }
};

std::unique_ptr<Log> make_stderr_log(LogLevel level, LogFormat format);

// For tests: keeps the lines, as text format would write them without the timestamp.
class MemoryLog final : public Log {
 public:
  void write(LogLevel level, std::string_view message, const LogFields& fields) override;
  void redact(std::string secret) override;
  void unredact(const std::string& secret) override;
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
  Redactor secrets_;
};

// One line in the given format, without the line end. `timestamp` may be empty.
std::string format_log_line(LogFormat format, LogLevel level, std::string_view timestamp, std::string_view message,
                            const LogFields& fields);

}  // namespace lepton_operator::base
