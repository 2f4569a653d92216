// The log of one replica as its own stream has it, connection after connection.
//
// A stream begins anew with each connection: what comes twice is shown once (log_resume.h). A line that has no end yet is shown only when
// no connection will bring it: the next one may have more of it. A stream does not tell where what was written before ends: that is taken
// to be so once little comes any more. Thread rule: main thread. Owner: LogReader; the client and the clock outlive it.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "cli/backend.h"
#include "cli/log_resume.h"
#include "cli/log_tail.h"
#include "lepton/client.h"

namespace lepton_operator::cli {

class ReplicaLog {
 public:
  // How a connection ended.
  enum class End { kOfLog, kBroken, kQuiet };

  ReplicaLog(lepton::Client& client, base::Clock& clock, lepton::Workload workload, std::string replica, LogTail tail,
             std::function<void(const std::string& line)> line);

  // One connection, until it says nothing for a while. An error: it could not be opened.
  Answer<End> read(Context context);
  // One connection, to its end. `last`: nothing is written any more, so that what it brings is all there is.
  Answer<End> follow(Context context, bool last);
  // There will be no other one: whatever is held back comes out.
  void end();

  std::size_t shown() const { return resume_.shown(); }

 private:
  Answer<End> read_on(Context context, base::HttpStream* log);
  Answer<End> catch_up(Context context, base::HttpStream* log);  // kQuiet: it has
  void take(const std::string& bytes);
  void flush();
  void show(const std::vector<std::string>& lines);

  lepton::Client& client_;
  base::Clock& clock_;
  lepton::Workload workload_;
  std::string replica_;
  LogTail tail_;
  std::function<void(const std::string& line)> line_;
  LogResume resume_;
  std::string rest_;     // of a line that is not complete
  bool at_end_ = false;  // the connection came to the log's end, and broke off nowhere
};

}  // namespace lepton_operator::cli
