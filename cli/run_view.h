// What `run --wait` shows until every Invocation that it applied is over: bars on a terminal, a line for each transition elsewhere.
//
// What is over stays as it ended, whatever becomes of it while others are waited for: at the end of its time to live it goes.
//
// Thread rule: main thread. Owner: the verb.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "cli/terminal.h"
#include "cli/watch.h"
#include "invocation/object.h"

namespace lepton_operator::cli {

class RunView final : public View {
 public:
  // `generations`: which generation of each is waited for, so that the end of an earlier one is not taken for ours.
  RunView(Session& session, const std::map<ObjectKey, std::int64_t>& generations);

  bool changed(const std::vector<Json>& objects) override;
  void trouble(const std::string& sentence) override;
  void redraw() override;

  void leave();
  void summarise();
  // kDone when all succeeded, kEndedBadly when one did not, or went away.
  ExitCode code() const;
  std::vector<std::string> waiting() const;  // those that are not over

 private:
  struct Seen {
    std::int64_t generation = 0;
    std::optional<invocation::Invocation> object = {};
    bool gone = false;
  };

  void tell(const std::string& name, const invocation::Invocation& now, const Seen& before);
  bool over(const Seen& seen) const;

  Session& session_;
  Screen screen_;
  std::map<std::string, Seen> seen_;
  std::string trouble_;
};

}  // namespace lepton_operator::cli
