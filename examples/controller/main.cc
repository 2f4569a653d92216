// Copies the label "team" of every ConfigMap that has one into its annotation "team".
#include "kube/connect.h"
#include "kube/store.h"
#include "kube/work_queue.h"
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
using namespace lepton_operator;
const kube::Resource kConfigMaps{"", "v1", "configmaps"};
std::optional<std::string> team_to_copy(const base::Json& json) {
  return kube::label_of(json, "team") == kube::annotation_of(json, "team") ? std::nullopt : kube::label_of(json, "team");
}
boost::asio::awaitable<void> work(base::Context context, kube::Api& api, kube::ObjectCache<std::string>& cache, kube::WorkQueue& queue) {
  while (const auto key = co_await queue.next()) {
    if (const auto team = cache.find(*key); team && !cache.behind(*key)) {
      base::Json patch;
      patch["metadata"]["annotations"]["team"] = base::Json(*team);
      const auto answer = co_await api.patch(context, kConfigMaps, kube::name_of(*key), "", kube::PatchType::kMerge, patch);
      answer ? cache.note_written(*key, kube::resource_version_of(*answer)) : queue.add_failed(*key);
    }
    queue.done(*key);
  }
}
int main() {
  boost::asio::io_context io;
  base::SystemClock clock(io);
  const auto random = base::make_system_random();
  const auto log = base::make_stderr_log(base::LogLevel::kInfo, base::LogFormat::kText);
  const auto api = kube::make_api_here(io, clock);
  if (!api) return log->error(api.error().text()), 1;
  kube::WorkQueue queue(io, clock, *random);
  kube::ObjectCache<std::string> cache(team_to_copy, [&](const std::string& key) { queue.add(key); });
  kube::Reflector reflector(io, **api, clock, *random, *log, cache, {.resource = kConfigMaps, .label_selector = "team"});
  const base::Context context(clock);
  boost::asio::co_spawn(io, reflector.run(context), boost::asio::detached);
  boost::asio::co_spawn(io, work(context, **api, cache, queue), boost::asio::detached);
  boost::asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](auto, int) { context.cancel(), queue.close(); });
  io.run();
}
