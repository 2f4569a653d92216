// What an API server's watch may send (kube/reflector.h), cut into chunks anywhere: lines, events, objects, through the whole reflector.
//
// Input: one byte that says how the rest is cut, then the stream.
#include <deque>
#include <set>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "fuzz/promise.h"
#include "invocation/codec.h"
#include "kube/reflector.h"
#include "kube/store.h"
#include "store/kubernetes_sinks.h"
#include "unit/base/run.h"
#include "unit/kube/scripted_transport.h"

namespace lepton_operator::fuzz {

namespace {

using base::Json;

// The typed form loses nothing that it shows: what it encodes, it reads again.
template <class Object, class Decode>
void require_stable(const Json& json, Decode decode_again) {
  Object object;
  store::decode(json, object);
  const Json once = invocation::encode(object);
  const Json twice = invocation::encode(decode_again(once));
  require(once == twice, "an object that is encoded and decoded again is the same", base::to_text(once) + "\n" + base::to_text(twice));
}

class Listener final : public kube::ReflectorSink {
 public:
  void begin_list() override { sink_.begin_list(); }
  void listed(const Json& object, std::string_view text) override { sink_.listed(object, text); }
  void end_list() override { sink_.end_list(); }
  void added_or_modified(const Json& object) override {
    told.push_back("has " + kube::key_of(object) + "@" + kube::resource_version_of(object));
    require_stable<invocation::Invocation>(object, invocation::decode_invocation);
    require_stable<invocation::Workspace>(object, invocation::decode_workspace);
    sink_.added_or_modified(object);
  }
  void deleted(const Json& object) override {
    told.push_back("lost " + kube::key_of(object));
    sink_.deleted(object);
  }
  std::vector<std::string> cached() const {
    std::vector<std::string> lines;
    for (const auto& key : cache_.keys()) lines.push_back(key.text() + "@" + cache_.find(key)->meta.resource_version);
    return lines;
  }

  std::vector<std::string> told;

 private:
  store::CachedObjects<invocation::Invocation> cache_{[](const invocation::ObjectKey&) {}};
  store::ObjectSink<invocation::Invocation> sink_{cache_, ""};
};

struct Heard {
  std::vector<std::string> told;
  std::vector<std::string> cached;
  std::string version;
  std::vector<std::string> log;
  bool operator==(const Heard&) const = default;
};

constexpr const char* kList =
    R"({"metadata":{"resourceVersion":"40"},"items":[{"metadata":{"namespace":"team","name":"run","uid":"u-1","resourceVersion":"7"},"spec":{}}]})";

Heard hear(std::deque<std::string> chunks) {
  boost::asio::io_context io;
  base::ManualClock clock(io);
  const std::unique_ptr<base::Random> random = base::make_seeded_random(11);
  base::MemoryLog log;
  auto server = std::make_shared<kube::test::ScriptedTransport>();
  const std::string first = chunks.empty() ? "" : chunks.front();
  if (!chunks.empty()) chunks.pop_front();
  server->then(200, kList).then(200, first, {}, std::move(chunks)).then_fail(base::ErrorKind::kUnreachable);
  kube::Api api(server, nullptr, clock, {});
  Listener listener;
  kube::Reflector reflector(io, api, clock, *random, log, listener, {.resource = {"lepton.dev", "v1alpha1", "invocations"}});
  const base::Context context(clock);
  boost::asio::co_spawn(io, reflector.run(context), boost::asio::detached);
  base::settle(io);  // time stands still: the reflector is at its first wait after the watch
  Heard heard{listener.told, listener.cached(), reflector.resource_version(), log.lines()};
  context.cancel();
  base::settle(io);
  return heard;
}

// An empty chunk would be the end.
std::deque<std::string> cut(std::string_view text, unsigned rule) {
  std::deque<std::string> chunks;
  for (unsigned state = rule; !text.empty(); state = state * 1103515245u + 12345u) {
    const std::size_t size = std::min<std::size_t>(1 + (state >> 16) % (rule + 1), text.size());
    chunks.emplace_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return chunks;
}

// The same by the letter of the protocol: whole lines, until the first that is no event.
std::vector<std::string> expected(std::string_view text) {
  std::vector<std::string> told;
  for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const auto event = base::parse_json(line, "line");
    if (!event) break;
    const std::string type = base::get_string(*event, "type").value_or("");
    const Json& object = base::get_object(*event, "object");
    const std::string version = kube::resource_version_of(object);
    if (type == "ERROR" || version.empty()) break;
    if (type == "DELETED") {
      told.push_back("lost " + kube::key_of(object));
    } else if (type == "ADDED" || type == "MODIFIED") {
      told.push_back("has " + kube::key_of(object) + "@" + version);
    } else if (type != "BOOKMARK") {
      break;
    }
  }
  return told;
}

std::string lines(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& one : all) text += one + "\n";
  return text;
}

}  // namespace

void try_input(std::string_view input) {
  if (input.empty()) return;
  const auto rule = static_cast<unsigned char>(input.front());
  const std::string_view stream = input.substr(1);
  const Heard whole = hear(stream.empty() ? std::deque<std::string>{} : std::deque<std::string>{std::string(stream)});
  require(whole.told == expected(stream), "every event before the first that is none is told",
          lines(whole.told) + "--\n" + lines(expected(stream)));
  require(!whole.version.empty(), "a reflector knows where it stands");
  for (const std::string& line : whole.log) require(line.size() < 8'000, "what is logged is short", line);
  const Heard cut_up = hear(cut(stream, rule));
  require(whole == cut_up, "what is heard does not depend on where the stream is cut", lines(whole.log) + "--\n" + lines(cut_up.log));
}

}  // namespace lepton_operator::fuzz
