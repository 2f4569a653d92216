// The design's rules as far as they can be seen from outside: on every call as it leaves, on every change of an object.
//
// Thread rule: the World's. What is broken is a sentence that begins with the rule's number.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "faults/scenario.h"

namespace lepton_operator::faults {

class Rules {
 public:
  // `duplicates`: two jobs of one name may come to be, and then are to be dealt with.
  Rules(World& world, Play& play, bool duplicates);

  void at_the_end();  // what is only seen then
  const std::vector<std::string>& broken() const { return broken_; }

 private:
  struct Creation {
    base::Timestamp intended_at;
    int looks_after_settling = 0;  // of the jobs, that began then
    bool uncertain = true;
  };

  void sent(Side side, const HttpRequest& request);
  void sent_to_lepton(const HttpRequest& request);
  void job_asked_for(const Json& job);
  void endpoint_removed(const std::string& name);
  void directory_removed(const HttpRequest& request);
  void answered(Side side, const HttpRequest& request, const HttpResponse* response);
  void count_twins();
  void changed(const std::string& path, const std::string& type, const Json& object);
  void compare_results(const std::string& name, const Json& before, const Json& now);
  void expect_nothing_of(const Json& object);

  void expect(bool holds, const std::string& sentence);
  const Json* owner_of(const std::string& uid) const;
  bool creates_too_late(const std::string& uid) const;  // for what is being deleted
  void expect_named_and_marked(const std::string& name, const Json& metadata);
  void expect_no_secret(const std::string& where, const std::string& text);

  World& world_;
  Play& play_;
  const bool duplicates_;
  std::vector<std::string> broken_;
  std::map<std::string, Creation> creations_;  // of jobs, by name
  std::map<std::string, int> twins_;           // rounds in which two of a name were there
  std::map<std::string, Json> statuses_;       // by path
  std::set<std::string> secrets_;
  std::set<std::string> directories_seen_;
  std::set<std::string> ever_suspended_;
};

}  // namespace lepton_operator::faults
