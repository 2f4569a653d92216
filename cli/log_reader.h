// The log of one workload, read to its end or for as long as it is written, line by line.
//
// Following goes by the replica's own stream, which Lepton may drop at any time: it is opened again, and what comes twice is shown once
// (log_resume.h). Otherwise the search of collected logs is asked, which ends and knows what was archived, and the stream where that finds
// nothing. Thread rule: main thread. Owner: the verb; client, clock and context's root outlive it.
#pragma once

#include <functional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/clock.h"
#include "cli/backend.h"
#include "cli/log_resume.h"
#include "lepton/client.h"

namespace lepton_operator::cli {

struct LogParts {
  lepton::Client& client;
  base::Clock& clock;
  std::function<void(const std::string& line)> line;      // what was read
  std::function<void(const std::string& sentence)> note;  // that a connection was lost, once
};

class LogReader {
 public:
  // `begun`: when the workload may have begun to write.
  LogReader(LogParts parts, lepton::Workload workload, base::Timestamp begun);

  // What there is now.
  Answer<> read(Context context);
  // Until the workload is over, or gone. `context` ends it before.
  Answer<> follow(Context context);

 private:
  // How a connection ended.
  enum class End { kOfLog, kBroken, kQuiet };

  Answer<bool> over(Context context);                                    // the workload writes no more
  Answer<std::size_t> search(Context context);                           // lines that were found
  Answer<std::string> replica(Context context);                          // empty: none yet, or none any more
  Answer<End> stream(Context context, std::string replica, bool whole);  // one connection; not `whole`: until it says nothing for a while
  void take(const std::string& bytes);
  void flush();

  LogParts parts_;
  lepton::Workload workload_;
  base::Timestamp begun_;
  LogResume resume_;
  std::string rest_;  // of a line that is not complete
};

}  // namespace lepton_operator::cli
