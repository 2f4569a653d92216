// The objects of one kind in directory mode: what the manifests say against what was recorded, and the record itself.
//
// Each change is on disk before anybody is told of it or finds it, so that a crash at any point carries on with the same uid. While it is
// on its way there nobody else changes the object: a reconciler's write waits, a scan leaves the object alone and is asked to come again.
// An object whose manifest is wrong keeps its last good spec; its state file then says so (Accepted, UpdateRefused) while find() shows what
// the planner wrote, since the planner owns the conditions in memory. A manifest that was never good has a state file of its own
// (Accepted=False, Invalid), no uid, and is no object: find() and keys() do not know it. So has one whose time to live after its end is
// over, while its manifest stays unchanged. An object whose state file cannot be understood is left alone until that file is mended.
//
// Thread rule: domain thread only. Owner: the directory store. T is Invocation or Workspace.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/async.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "store/manifest.h"
#include "store/manifest_mark.h"
#include "store/state_files.h"
#include "store/state_writer.h"

namespace lepton_operator::store {

// In place of an object whose time to live is over: the hash of its manifest.
inline constexpr const char* kExpiredAnnotation = "lepton.dev/expired";

struct TableParts {
  boost::asio::io_context& io;
  base::Clock& clock;
  base::Random& random;
  base::Log& log;
  const StateFiles& state;
  StateWriter& writer;
  std::int64_t& version;  // the last resourceVersion given out, of all kinds
};

template <class T>
class ObjectTable {
 public:
  template <class Value>
  using awaitable = boost::asio::awaitable<Value>;
  using Told = std::function<void(const ObjectKey&)>;

  // `changed`: what find() shows has changed, or is gone. `look_again`: what a scan had to leave alone can be changed now.
  ObjectTable(TableParts parts, Told changed, Told look_again);

  Result<> load();

  std::shared_ptr<const T> find(const ObjectKey& key) const;
  std::vector<ObjectKey> keys() const;
  // The manifest file that the object came from, or did until its time was over; empty when nothing is known of one.
  std::string file_of(const ObjectKey& key) const;

  // One scan: begin_scan(), then for every object that it looks at one of apply, keep and gone (or none: its absence is not certain yet),
  // then written(), then end_scan().
  void begin_scan();
  // There is nothing to apply: what the document says is in force, or its time is over, and nothing is wrong with it.
  bool in_force(const Document& document) const;
  // Sentences to tell besides the document's own errors.
  std::vector<std::string> apply(const Document& document);
  void keep(const ObjectKey& key, const std::vector<std::string>& reasons);  // its manifest cannot be read
  void moved(const ObjectKey& key, const std::string& file);                 // nor can the one that its file is now
  // No manifest declares it any more. False: it is being written, come again.
  bool gone(const ObjectKey& key);
  awaitable<void> written();  // what the scan asked for, as far as it can be
  void end_scan();
  // What has a state file and is no object: manifests that were never accepted (the file says why), and what is left of objects whose time
  // was over.
  std::vector<ObjectKey> notes() const;
  bool remembers_expired() const { return !expired_.empty(); }
  bool failing() const { return !failure_.empty(); }  // something could not be written: look again soon
  bool corrupt() const { return !corrupt_.empty(); }  // some state file cannot be understood

  template <class Status>
  awaitable<Result<>> write_status(Context context, std::shared_ptr<const T> read, Status status);
  // Deletes it. What its manifest said stays recorded, so that only a changed one is a new object.
  awaitable<Result<>> expire(Context context, std::shared_ptr<const T> read);
  // True when that ended the object.
  awaitable<Result<bool>> set_finalizer(Context context, std::shared_ptr<const T> read, std::string finalizer, bool present);

 private:
  struct Record {
    std::shared_ptr<const T> object;
    std::string refused;  // why the manifest's present content is not in force
  };
  // What is left of an object whose time was over.
  struct Expired {
    std::string file;
    std::string hash;  // of what its manifest said
  };
  class Hold;  // of an object that is being written
  using HoldPtr = std::shared_ptr<Hold>;
  // What follows a write of a scan, on the domain thread. (…_later: false when the object is being written.)
  using Then = std::function<void()>;

  Result<std::shared_ptr<const T>> current(const T& read) const;
  awaitable<Result<HoldPtr>> hold(Context context, std::shared_ptr<const T> read);
  HoldPtr try_hold(const ObjectKey& key);
  void let_go(const ObjectKey& key);
  void load_one(const ObjectKey& key);
  void adopt(T object);
  void create(const Document& document);
  bool remove(const ObjectKey& key);
  bool forget(const ObjectKey& key);
  awaitable<Result<>> end(ObjectKey key, std::shared_ptr<const T> object);
  static Expired expired(const T& note);
  T note_of(const ObjectKey& key, const std::string& mark) const;
  std::optional<T> what_is_left(const ObjectKey& key, const T& object) const;
  bool expired_unchanged(const Document& document) const;
  void follow_expired(const ObjectKey& key, const std::string& file);
  std::vector<std::string> update(Record& record, const Document& document);
  void follow(const ObjectKey& key, const std::string& file);
  void touch_deleting(Record& record, const Document& document);
  void reject(const Document& document);
  awaitable<Result<>> commit(ObjectKey key, std::shared_ptr<T> next, std::string refused);
  bool record_later(const ObjectKey& key, T next, const std::string& refused, const char* doing, Then then);
  bool save_later(const ObjectKey& key, T shown, const char* doing, Then then);
  bool remove_later(const ObjectKey& key, Then then);
  awaitable<void> carry_out(HoldPtr hold, ObjectKey key, awaitable<Result<>> write, const char* doing, Then then);
  bool done(const Result<>& result, std::string_view doing, const ObjectKey& key);
  base::LogFields fields(const ObjectKey& key, const std::string& file) const;

  TableParts parts_;
  Told changed_;
  Told look_again_;
  std::map<ObjectKey, Record> records_;
  std::map<ObjectKey, std::string> rejected_;  // never accepted: what its state file says
  std::map<ObjectKey, Expired> expired_;       // gone by their time to live, while their manifest is still there
  std::map<ObjectKey, std::string> corrupt_;   // whose state file cannot be understood: why
  std::set<ObjectKey> held_;                   // being written
  std::set<ObjectKey> left_alone_;             // of those, what a scan wanted to change
  base::Signal let_go_;
  base::TaskGroup writes_;  // of the scan
  std::string failure_;     // the last write that failed in this scan
  bool wrote_ = false;      // something was written in it
  std::string told_failure_;
};

}  // namespace lepton_operator::store
