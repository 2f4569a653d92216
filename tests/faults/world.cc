#include "faults/world.h"

#include <algorithm>
#include <cctype>

namespace lepton_operator::faults {

using namespace std::chrono_literals;

namespace {

constexpr base::Timestamp kBegin{std::chrono::hours(24 * 365 * 56)};
constexpr Milliseconds kRestart = 1s;  // until a process that died is there again

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

simulator::Request as_received(const HttpRequest& request) {
  simulator::Request made;
  made.method = base::to_string(request.method);
  made.path = request.path;
  made.query = request.query;
  for (const auto& [name, value] : request.headers) made.headers[lower_case(name)] = value;
  if (!request.content_type.empty()) made.headers["content-type"] = request.content_type;
  made.body = request.body;
  return made;
}

// One stream of the API server; it opens at once.
std::unique_ptr<base::HttpStream> opened(fakeapi::ApiServer& server, const HttpRequest& request) { return server.watch(request); }

}  // namespace

World::World(simulator::Options options, std::vector<simulator::OutcomeRule> rules, Aim aim, base::Log& log)
    : log_(log),
      now_(kBegin),
      lepton_(std::move(options), [this] { return now_; }),
      kubernetes_(io_, [this] { return now_; }),
      wire_(surroundings(), aim) {
  lepton_.world().scenario.rules = std::move(rules);
}

World::~World() { processes_.clear(); }

Surroundings World::surroundings() {
  return {.now = [this] { return now_; },
          .later = [this](Milliseconds in, std::function<void()> what) { agenda_.emplace(now_ + in, std::move(what)); },
          .commit = [this](Side side, const HttpRequest& request) { return commit(side, request); },
          .watch = [this](const HttpRequest& request) { return opened(kubernetes_, request); },
          .sent =
              [this](Side side, const HttpRequest& request) {
                if (sent_) sent_(side, request);
              },
          .answered =
              [this](Side side, const HttpRequest& request, const HttpResponse* response) {
                if (answered_) answered_(side, request, response);
              }};
}

HttpResponse World::commit(Side side, const HttpRequest& request) {
  if (side == Side::kKubernetes) return kubernetes_.handle(request);
  simulator::Response answer = lepton_.handle(as_received(request));
  return {answer.status, std::move(answer.headers), std::move(answer.body)};
}

void World::start(bool elects) {
  elects_ = elects;
  ++starts_;
  reconcile::Hooks hooks;
  hooks.duplicate_deleted = [this] { ++counted_.duplicates; };
  hooks.orphan_deleted = [this](const char* kind) { counted_.orphans += std::string(kind) == "job" ? 1 : 0; };
  hooks.overlapped = [this] { ++counted_.bugs; };
  hooks.reconcile_threw = [this] { ++counted_.bugs; };
  const auto cut_off_until = std::make_shared<base::Timestamp>();
  const auto transport = [this, cut_off_until](boost::asio::io_context& io, bool lepton, std::function<void()> crash) {
    return wire_.transport(io, lepton ? Side::kLepton : Side::kKubernetes, std::move(crash), cut_off_until);
  };
  processes_.push_back(std::make_unique<Process>(ProcessParts{.now = now_,
                                                              .seed = static_cast<std::uint64_t>(starts_),
                                                              .identity = "process-" + std::to_string(starts_),
                                                              .elects = elects,
                                                              .log = log_,
                                                              .hooks = std::move(hooks),
                                                              .transport = transport}));
}

void World::bury() {
  const auto over = [](const auto& process) { return process->crashed() || process->ended(); };
  const auto dead = std::count_if(processes_.begin(), processes_.end(), over);
  if (dead == 0) return;
  std::erase_if(processes_, over);
  for (int i = 0; i < dead; ++i) agenda_.emplace(now_ + kRestart, [this] { start(elects_); });
}

void World::settle() {
  bool ran = true;
  while (ran) {
    ran = false;
    for (std::size_t i = 0; i < processes_.size(); ++i) ran = processes_[i]->poll() || ran;
    bury();
  }
}

int World::nudge() {
  int made = 0;
  for (const auto& process : processes_) {
    const int before = process->reconciles();
    process->nudge();
    settle();
    made += process->reconciles() - before;
  }
  return made;
}

bool World::step(base::Timestamp end) {
  std::optional<base::Timestamp> next;
  const auto sooner = [&](base::Timestamp at) {
    if (!next || at < *next) next = at;
  };
  if (!agenda_.empty()) sooner(agenda_.begin()->first);
  for (const auto& process : processes_) {
    if (const auto due = process->next()) sooner(*due);
  }
  if (!next || *next > end) return false;
  now_ = std::max(now_, *next);
  for (const auto& process : processes_) process->move(now_);
  while (!agenda_.empty() && agenda_.begin()->first <= now_) {
    const auto what = std::move(agenda_.begin()->second);
    agenda_.erase(agenda_.begin());
    what();
  }
  settle();
  return true;
}

bool World::until(const std::function<bool()>& holds, Milliseconds most) {
  const base::Timestamp end = now_ + most;
  settle();
  lepton_.catch_up();
  while (!holds()) {
    if (!step(end)) {
      pass(end - now_);
      return holds();
    }
    lepton_.catch_up();
  }
  return true;
}

void World::pass(Milliseconds time) {
  const base::Timestamp end = now_ + time;
  settle();
  while (step(end)) {
  }
  now_ = end;
  for (const auto& process : processes_) process->move(now_);
  settle();
  lepton_.catch_up();
}

}  // namespace lepton_operator::faults
