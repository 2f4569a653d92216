// lepton-operator: reads the flags and runs, or does what the chart's hooks ask.
#include <cstdio>
#include <variant>

#include "app/application.h"
#include "app/commands.h"
#include "app/flags.h"
#include "base/files.h"
#include "base/log.h"
#include "base/memory.h"

extern "C" {
const char* malloc_conf = lepton_operator::base::kJemallocOptions;  // NOLINT(readability-identifier-naming): jemalloc's name
}

int main(int argc, char** argv) {
  using namespace lepton_operator;
  base::keep_memory_small();
  if (argc > 1 && app::is_command(argv[1])) return app::run_command({argv + 1, argv + argc});
  const auto read = [](const std::filesystem::path& path) { return base::read_file(path); };
  const auto parsed = app::parse_flags({argv + 1, argv + argc}, read);
  if (!parsed) {
    std::fprintf(stderr, "lepton-operator: %s\n", parsed.error().text().c_str());
    return app::kWrongFlags;
  }
  if (const auto* message = std::get_if<app::Message>(&*parsed)) {
    std::fputs(message->text.c_str(), stdout);
    return 0;
  }
  const app::Options& options = std::get<app::Options>(*parsed);
  const auto log = base::make_stderr_log(options.log_level, options.log_format);
  return app::run(options, *log);
}
