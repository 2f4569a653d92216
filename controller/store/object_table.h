// The objects of one kind in directory mode: what the manifests say against what was recorded, and the record itself.
//
// Each change is on disk before anybody is told of it, so that a crash at any point carries on with the same uid. An object whose manifest
// is wrong keeps its last good spec; its state file then says so (Accepted, UpdateRefused) while find() shows what the planner wrote, since
// the planner owns the conditions in memory. A manifest that was never good has a state file of its own (Accepted=False, Invalid), no uid,
// and is no object: find() and keys() do not know it. So has one whose time to live after its end is over, while its manifest stays
// unchanged. An object whose state file cannot be understood is left alone until that file is mended.
//
// Thread rule: domain thread only. Owner: the directory store. T is Invocation or Workspace.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "store/manifest.h"
#include "store/state_files.h"

namespace lepton_operator::store {

// Where an object's manifest stood and what it said: "nim.yaml@<16 hex digits>".
inline constexpr const char* kManifestAnnotation = "lepton.dev/manifest";
// In place of an object whose time to live is over: the hash of its manifest.
inline constexpr const char* kExpiredAnnotation = "lepton.dev/expired";

struct TableParts {
  base::Clock& clock;
  base::Random& random;
  base::Log& log;
  StateFiles& state;
  std::int64_t& version;  // the last resourceVersion given out, of all kinds
};

template <class T>
class ObjectTable {
 public:
  ObjectTable(TableParts parts, std::function<void(const ObjectKey&)> changed);

  Result<> load();

  std::shared_ptr<const T> find(const ObjectKey& key) const;
  std::vector<ObjectKey> keys() const;
  // The manifest file that the object came from; empty when there is no such object.
  std::string file_of(const ObjectKey& key) const;

  // One scan: begin_scan(), then for every object one of apply, keep and remove (or none: its absence is not certain yet), then end_scan().
  void begin_scan();
  // Sentences to tell besides the document's own errors.
  std::vector<std::string> apply(const Document& document);
  void keep(const ObjectKey& key, const std::vector<std::string>& reasons);  // its manifest cannot be read
  void remove(const ObjectKey& key);
  void end_scan();
  // Manifests that were never accepted and have a state file that says why; forget() removes it.
  std::vector<ObjectKey> rejected() const;
  void forget(const ObjectKey& key);
  // Objects that are gone since their time was over, while their manifests are still there; forget() lets them run again.
  std::vector<ObjectKey> expired() const;
  bool failing() const { return !failure_.empty(); }  // something could not be written: look again soon

  template <class Status>
  Result<> write_status(const T& read, Status status);
  // Deletes it. What its manifest said stays recorded, so that only a changed one is a new object.
  Result<> expire(const T& read);
  // True when that ended the object.
  Result<bool> set_finalizer(const T& read, const std::string& finalizer, bool present);

 private:
  struct Record {
    std::shared_ptr<const T> object;
    std::string refused;  // why the manifest's present content is not in force
  };

  Result<std::shared_ptr<const T>> current(const T& read) const;
  void load_one(const ObjectKey& key);
  void adopt(T object);
  void create(const Document& document);
  Result<> end(const ObjectKey& key, const T& object);
  std::vector<std::string> update(Record& record, const Document& document);
  void follow(Record& record, const Document& document);
  void touch_deleting(Record& record, const Document& document);
  void reject(const Document& document);
  Result<> commit(const ObjectKey& key, T next, const std::string& refused);
  bool done(const Result<>& result, std::string_view doing, const ObjectKey& key);
  base::LogFields fields(const ObjectKey& key, const std::string& file) const;

  TableParts parts_;
  std::function<void(const ObjectKey&)> changed_;
  std::map<ObjectKey, Record> records_;
  std::map<ObjectKey, std::string> rejected_;  // never accepted: what its state file says
  std::map<ObjectKey, std::string> expired_;   // gone by their time to live: what the manifest said, as a hash
  std::map<ObjectKey, std::string> corrupt_;   // whose state file cannot be understood: why
  std::string failure_;                        // the last write that failed in this scan
  std::string told_failure_;
};

}  // namespace lepton_operator::store
