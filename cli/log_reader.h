// The log of one workload, read to its end or for as long as it is written, line by line, of all its replicas or of one.
//
// Following goes by each replica's own stream, which Lepton may drop at any time: it is opened again (replica_log.h); replicas that come
// later are followed as well. Otherwise the search of collected logs is asked, which ends and knows what was archived, and the streams
// where that finds nothing. Thread rule: main thread. Owner: the verb; client, clock and context's root outlive it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/async.h"
#include "cli/replica_log.h"

namespace lepton_operator::cli {

struct LogParts {
  lepton::Client& client;
  base::Clock& clock;
  boost::asio::io_context& io;
  // What was read. The replica's name, without the workload's before it, once there are several.
  std::function<void(const std::string& replica, const std::string& line)> line;
  std::function<void(const std::string& sentence)> note;  // that a connection was lost, once
};

struct LogChoice {
  std::string replica = {};                      // its name, or the end of it; empty: all
  std::optional<std::size_t> tail = {};          // so many lines of each replica's that are there already; nothing: all
  std::optional<base::Milliseconds> since = {};  // of what was collected, what is no older; of read() alone, as a stream has no times
};

class LogReader {
 public:
  // `begun`: when the workload may have begun to write.
  LogReader(LogParts parts, lepton::Workload workload, base::Timestamp begun, LogChoice choice);

  // What there is now.
  Answer<> read(Context context);
  // Until the workload is over, or gone. `context` ends it before.
  Answer<> follow(Context context);

 private:
  using End = ReplicaLog::End;
  using Names = std::vector<std::string>;
  struct Followed {
    std::unique_ptr<ReplicaLog> log;
    bool busy = false;   // a connection is there, or waits to be made again
    bool lost = false;   // the last one was
    bool whole = false;  // nothing comes any more
    std::optional<base::Error> fatal = {};
    base::Milliseconds wait{};  // after a loss
  };

  Answer<bool> over(Context context);       // the workload writes no more
  Answer<Names> replicas(Context context);  // those that were chosen
  Answer<std::vector<lepton::LogLine>> ask(Context context, lepton::LogQuery query, std::string replica);
  Answer<std::size_t> search(Context context, std::string replica);  // lines that were found
  Answer<> read_stream(Context context, std::string replica);
  Answer<> follow_all(Context context, base::TaskGroup* group);
  static boost::asio::awaitable<void> follow_one(LogReader* self, Context context, Followed* one, bool last);
  ReplicaLog* log_of(const std::string& replica);
  std::optional<base::Error> fatal() const;
  bool any_busy() const;
  bool all_whole(const Names& names) const;
  std::size_t shown() const;
  void tell_of_losses(bool unanswered);
  void show(const std::string& replica, const std::string& line) const;

  LogParts parts_;
  lepton::Workload workload_;
  base::Timestamp begun_;
  LogChoice choice_;
  base::Signal changed_;
  std::map<std::string, Followed> logs_;  // by replica
  bool several_ = false;
  bool told_ = false;
};

}  // namespace lepton_operator::cli
