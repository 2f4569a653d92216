#include "cli/watch.h"

#include <csignal>

#include <boost/asio/signal_set.hpp>

#include "base/async.h"

namespace lepton_operator::cli {

namespace {

constexpr base::Milliseconds kRedraw{1'000};

class Watched final : public Follower {
 public:
  Watched(View& view, base::Signal& changed) : view_(view), changed_(changed) {}

  void seen(const std::vector<Json>& objects) override {
    if (enough_) return;
    enough_ = view_.changed(objects);
    if (enough_) changed_.notify();
  }
  void trouble(const std::string& sentence) override {
    if (!enough_) view_.trouble(sentence);
  }
  bool enough() const { return enough_; }
  void end() {
    ended_ = true;
    changed_.notify();
  }
  bool ended() const { return ended_; }

 private:
  View& view_;
  base::Signal& changed_;
  bool enough_ = false;
  bool ended_ = false;
};

boost::asio::awaitable<void> follow(Backend& backend, Context context, ObjectKey key, Watched* watched, Result<>* ended) {
  *ended = co_await backend.follow(context, key, *watched);
  watched->end();
}

void await_resize(boost::asio::signal_set& resized, View& view) {
  resized.async_wait([&resized, &view](const boost::system::error_code& error, int) {
    if (error) return;
    view.redraw();
    await_resize(resized, view);
  });
}

}  // namespace

Answer<> watch(Session& session, Backend& backend, Context context, ObjectKey key, View& view) {
  base::Signal changed(session.io());
  Watched watched(view, changed);
  boost::asio::signal_set resized(session.io());
  const bool interactive = session.terminal().interactive;
  if (interactive) {
    resized.add(SIGWINCH);
    await_resize(resized, view);
  }
  const Context following = context.child();
  base::TaskGroup group(session.io());
  Result<> ended = base::Ok{};
  group.spawn(follow(backend, following, key, &watched, &ended));
  // Whoever read our lines may go: `... --watch | head`.
  while (!watched.enough() && !watched.ended() && !context.expired() && session.out().good()) {
    const Context second = following.with_timeout(kRedraw);
    const bool woken = co_await changed.wait(second);
    if (!woken && interactive && !context.expired()) view.redraw();
  }
  following.cancel();
  co_await group.join();
  boost::system::error_code ignored;
  resized.cancel(ignored);
  co_return ended;
}

Trouble nobody_reads(const Session& session, const std::string& what, const std::string& name) {
  return {ExitCode::kEndedBadly, "nobody reads stdout any more: no longer waited for, " + what,
          session.command("status " + name + " --watch") + " looks again"};
}

}  // namespace lepton_operator::cli
