#include "cli/check.h"

#include <algorithm>
#include <set>

#include "base/strings.h"

namespace lepton_operator::cli {

using base::ErrorKind;
using lepton::GroupOffer;

const char* to_string(Health health) {
  switch (health) {
    case Health::kGood: return "ok";
    case Health::kNote: return "note";
    case Health::kFault: return "fault";
    case Health::kUnknown: return "unknown";
  }
  __builtin_unreachable();
}

namespace {

constexpr const char* kCredentials = "credentials";
constexpr const char* kGroups = "node groups";
constexpr const char* kShapes = "shapes";
constexpr const char* kVolumes = "volumes";
constexpr const char* kSecrets = "secrets";
constexpr const char* kPullSecrets = "image pull secrets";
constexpr const char* kStorage = "storage API";
constexpr std::chrono::hours kSoon{7 * 24};

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
  const std::vector<std::string> near = base::nearest(word, known, 1);
  return near.empty() ? "" : "; did you mean " + near.front() + "?";
}

std::string listed(std::vector<std::string> names) {
  constexpr std::size_t kMost = 12;
  const std::size_t more = names.size() > kMost ? names.size() - kMost : 0;
  names.resize(std::min(names.size(), kMost));
  if (names.empty()) return "none";
  return base::join(names, ", ") + (more == 0 ? "" : " and " + std::to_string(more) + " more");
}

std::string plural(std::size_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string name_of(const GroupOffer& offer) {
  return offer.group.name == offer.group.id ? offer.group.id : offer.group.name + " (" + offer.group.id + ")";
}

class Judge {
 public:
  explicit Judge(const Surveyed& surveyed) : at_(surveyed), survey_(surveyed.survey), wants_(surveyed.wants) {}

  std::vector<Finding> all() {
    address();
    if (!survey_.workspace) {
      refused(survey_.workspace.error());
      return std::move(findings_);
    }
    good(kCredentials, "lepton answers for workspace " + quoted(at_.credentials.workspace_id) + " at " + at_.credentials.url);
    state();
    family();
    token();
    groups();
    shapes();
    volumes();
    secrets();
    pull_secrets();
    storage();
    return std::move(findings_);
  }

 private:
  void good(const char* part, std::string what) { findings_.push_back({Health::kGood, part, std::move(what)}); }
  void note(const char* part, std::string what, std::string remedy = {}) {
    findings_.push_back({Health::kNote, part, std::move(what), std::move(remedy)});
  }
  void fault(const char* part, std::string what, std::string remedy) {
    findings_.push_back({Health::kFault, part, std::move(what), std::move(remedy)});
  }
  void unknown(const char* part, std::string what, const base::Error& error) {
    findings_.push_back(
        {Health::kUnknown, part, what + ": " + error.text(), "run the check again; if it stays so, ask who runs Lepton there"});
  }

  // A URL that is another workspace's, or none's, makes every other answer misleading.
  void address() {
    const std::string& url = at_.credentials.url;
    const std::size_t begin = url.rfind("/workspaces/");
    if (begin == std::string::npos) {
      fault(kCredentials, "the URL " + url + " is not that of a workspace",
            "it has the form https://HOST/api/v2/workspaces/ID; leave it out for Lepton's own gateway");
      return;
    }
    const std::string id = url.substr(begin + std::string("/workspaces/").size());
    if (id == at_.credentials.workspace_id) return;
    fault(kCredentials,
          "the URL is that of workspace " + quoted(id) + ", but the credentials are of " + quoted(at_.credentials.workspace_id),
          "let both mean the same, in the Workspace's url and in " + at_.source);
  }

  void refused(const base::Error& error) {
    const std::string& id = at_.credentials.workspace_id;
    const bool certificate = error.what.find("ertificate") != std::string::npos;
    switch (error.kind) {
      case ErrorKind::kUnauthorized:
        return fault(kCredentials, "lepton refuses the token for workspace " + quoted(id) + " (401)",
                     "make a new token (dashboard, Settings, Tokens) and put it into " + at_.source);
      case ErrorKind::kForbidden:
        return fault(kCredentials, "the token is valid, but may not use workspace " + quoted(id) + " (403)",
                     "take a token of that workspace, or ask its owner for access");
      case ErrorKind::kNotFound:
        return fault(kCredentials, "lepton knows no workspace " + quoted(id) + " (404)",
                     "this must be the workspace's ID (dashboard, Settings), not its name; a new workspace may take 10 minutes");
      case ErrorKind::kUnreachable:
        return fault(kCredentials, error.text(),
                     certificate ? "give the CA's certificate with --lepton-ca-file, here and to the operator"
                                 : "check the URL, the network, and HTTPS_PROXY and NO_PROXY");
      case ErrorKind::kMalformed:
      case ErrorKind::kInvalid:
      case ErrorKind::kUnsupported:
      case ErrorKind::kConflict:
        return fault(kCredentials, "what answers at " + at_.credentials.url + " is not Lepton: " + error.text(),
                     "check the Workspace's url, and that no proxy answers in Lepton's place");
      case ErrorKind::kThrottled:
      case ErrorKind::kServer:
      case ErrorKind::kInterrupted:
      case ErrorKind::kTimeout:
        return fault(kCredentials, "lepton is in trouble: " + error.text(), "wait, and run the check again; the operator does wait");
      case ErrorKind::kCancelled: return unknown(kCredentials, "not asked to the end", error);
    }
    __builtin_unreachable();
  }

  void state() {
    const lepton::WorkspaceInfo& info = survey_.workspace->info;
    if (info.state.empty() || info.state == "normal") {
      good("workspace", "its state is normal; it is called " + quoted(info.name));
    } else {
      fault("workspace", "its state is " + info.state + ": nothing starts in it", "have it resumed (dashboard, Settings, or its owner)");
    }
  }

  void family() { good("API family", std::string("endpoints are served at /") + lepton::to_string(survey_.workspace->info.family)); }

  void token() {
    if (!survey_.token_expires_at || !*survey_.token_expires_at) return good("token", "the workspace does not say that it expires");
    const base::Timestamp expires = **survey_.token_expires_at;
    const std::string when = base::format_timestamp(expires);
    if (expires - at_.now > kSoon) return good("token", "it is valid until " + when);
    note("token", "it expires at " + when, "make a new one in time and put it into " + at_.source + ": it is taken up within a minute");
  }

  void groups() {
    if (wants_.groups.empty()) return good(kGroups, "none is named: Lepton chooses");
    if (!survey_.groups) return unknown(kGroups, "they cannot be read", survey_.groups.error());
    const std::size_t before = findings_.size();
    for (const auto& [name, who] : wants_.groups) group(name, who);
    if (findings_.size() == before) good(kGroups, plural(wants_.groups.size(), "is named, and it is there", "are named, all are there"));
  }

  void group(const std::string& name, const std::string& who) {
    const std::vector<GroupOffer>& offers = *survey_.groups;
    const GroupOffer* offer = find_group(offers, name);
    if (offer != nullptr) {
      if (offer->ready_nodes == 0) note(kGroups, name + " has no node that is ready: what is started there waits", "ask who runs it");
      return;
    }
    std::vector<std::string> all;
    std::vector<std::string> names;
    std::vector<std::string> ids;
    for (const GroupOffer& each : offers) {
      all.push_back(name_of(each));
      names.push_back(each.group.name);
      if (each.group.name == name) ids.push_back(each.group.id);
    }
    if (!ids.empty())
      return fault(kGroups, who + ": several are called " + quoted(name), "write the id of one: " + base::join(ids, " or "));
    fault(kGroups, who + ": there is no node group " + quoted(name) + did_you_mean(name, names), "the workspace has " + listed(all));
  }

  void shapes() {
    if (wants_.shapes.empty()) return good(kShapes, "none is named");
    const std::size_t before = findings_.size();
    for (const auto& [wanted, who] : wants_.shapes) shape(wanted, who);
    if (findings_.size() == before)
      good(kShapes, plural(wants_.shapes.size(), "is named, and it is offered", "are named, all are offered"));
  }

  void shape(const WantedShape& wanted, const std::string& who) {
    const GroupOffer* group = wanted.group.empty() || !survey_.groups ? nullptr : find_group(*survey_.groups, wanted.group);
    if (!wanted.group.empty() && group == nullptr) return;  // told of the group already
    const auto answer = survey_.shapes.find({group == nullptr ? "" : group->group.id, wanted.purpose});
    if (answer == survey_.shapes.end()) return;
    const base::Result<std::vector<std::string>>& offered = answer->second;
    if (!offered) return unknown(kShapes, who + ": the shapes cannot be read", offered.error());
    if (std::find(offered->begin(), offered->end(), base::lower(wanted.shape)) != offered->end()) return;
    const std::string where = group == nullptr ? "the workspace" : "node group " + wanted.group;
    fault(kShapes, who + ": " + where + " offers no shape " + quoted(wanted.shape) + did_you_mean(wanted.shape, *offered),
          "for a " + std::string(wanted.purpose == "job" ? "job" : "endpoint") + " it has " + listed(*offered));
  }

  void volumes() {
    if (wants_.volumes.empty()) return good(kVolumes, "none is named");
    const std::size_t before = findings_.size();
    for (const auto& [wanted, who] : wants_.volumes) {
      if (wanted.from.starts_with("node-")) {
        node_volume(wanted, who);
      } else {
        file_system(wanted, who);
      }
    }
    if (findings_.size() == before)
      good(kVolumes, plural(wants_.volumes.size(), "is named, and it is offered", "are named, all are offered"));
  }

  void node_volume(const WantedVolume& wanted, const std::string& who) {
    if (wanted.from == "node-local") return;  // each node has it
    if (!survey_.groups) return unknown(kVolumes, who + ": the node groups cannot be read", survey_.groups.error());
    const GroupOffer* group = wanted.group.empty() ? nullptr : find_group(*survey_.groups, wanted.group);
    if (!wanted.group.empty() && group == nullptr) return;  // told of the group already
    std::set<std::string> offered;
    for (const GroupOffer& offer : *survey_.groups) {
      if (group != nullptr && &offer != group) continue;
      if (!offer.volumes) return;  // the workspace does not tell
      offered.insert(offer.volumes->begin(), offer.volumes->end());
    }
    if (offered.contains(wanted.from)) return;
    const std::vector<std::string> all(offered.begin(), offered.end());
    const std::string where = group == nullptr ? "no node group" : "node group " + wanted.group;
    fault(kVolumes,
          who + ": " + where + (group == nullptr ? " has the volume " : " has no volume ") + quoted(wanted.from) +
              did_you_mean(wanted.from, all),
          "there is " + listed(all));
  }

  void file_system(const WantedVolume& wanted, const std::string& who) {
    if (!survey_.file_systems) return;  // told by the storage API's own part
    const std::vector<std::string>& known = *survey_.file_systems;
    if (std::find(known.begin(), known.end(), wanted.from) != known.end()) return;
    fault(kVolumes, who + ": the workspace has no file system " + quoted(wanted.from) + did_you_mean(wanted.from, known),
          "it has " + listed(known) + "; a node group's volume is written node-nfs:NAME");
  }

  void secrets() {
    if (wants_.lepton_secrets.empty()) return good(kSecrets, "no Lepton secret is named");
    if (!survey_.secrets) return unknown(kSecrets, "they cannot be read", survey_.secrets.error());
    const std::vector<std::string>& known = *survey_.secrets;
    const std::size_t before = findings_.size();
    for (const auto& [name, who] : wants_.lepton_secrets) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      fault(kSecrets, who + ": there is no Lepton secret " + quoted(name) + did_you_mean(name, known),
            "make it (dashboard, Secrets; or lep secret create), or carry a Kubernetes Secret with secretKeyRef");
    }
    if (findings_.size() == before)
      good(kSecrets, plural(wants_.lepton_secrets.size(), "is named, and it is there", "are named, all are there"));
  }

  // Their names cannot be asked for (contract, section 9), only how many there are.
  void pull_secrets() {
    if (wants_.image_pull_secrets.empty()) return good(kPullSecrets, "none is named");
    const std::optional<std::int64_t> count = survey_.workspace->image_pull_secrets;
    const auto& [name, who] = *wants_.image_pull_secrets.begin();
    if (count == 0) {
      return fault(kPullSecrets, who + ": " + quoted(name) + " is named, but the workspace has none at all",
                   "make it (dashboard, Secrets, Image pull secrets); without it a Pod waits for its image for ever");
    }
    note(kPullSecrets,
         plural(wants_.image_pull_secrets.size(), "is named", "are named") + "; Lepton does not tell the names of those that it has",
         "compare: " + quoted(name) + " must stand in the dashboard, Secrets, Image pull secrets");
  }

  void storage() {
    if (survey_.file_systems) {
      return good(kStorage, "it answers; file systems: " + listed(*survey_.file_systems));
    }
    const base::Error& error = survey_.file_systems.error();
    if (error.kind == ErrorKind::kNotFound || error.kind == ErrorKind::kUnsupported) {
      return note(kStorage, "this workspace has none: a directory of results is removed by a small job, which takes longer");
    }
    fault(kStorage, "it cannot be reached: " + error.text(),
          "wait, and run the check again; an Invocation that is deleted waits for it too");
  }

  const Surveyed& at_;
  const Survey& survey_;
  const Wants& wants_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> judge(const Surveyed& surveyed) { return Judge(surveyed).all(); }

}  // namespace lepton_operator::cli
