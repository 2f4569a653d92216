// What an Invocation asks for: its spec over the defaults that hold for it, decoded and checked against the schema.
//
// Decoding takes as long as all the rest of a plan, so whoever plans again and again keeps Readings and hands plan() what they say. A
// reading is never changed and may be read by any thread; Readings belong to one thread. Nothing fails: what is wrong with a spec is in the
// reading.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "invocation/codec.h"

namespace lepton_operator::invocation {

using SpecReading = std::shared_ptr<const Checked<InvocationSpec>>;

// Over the defaults frozen in its status; while there are none, over those of its Workspace as they are now.
SpecReading read_spec(const Invocation& object, const base::Json& workspace_defaults);

// What removing its directory through the API takes, of one whose defaults are frozen: a fraction of the work, and nothing else that a spec
// says hinders it.
Checked<StorageSpec> read_storage_spec(const Invocation& object);

// The latest readings of the Invocations that were asked for last, `most` of them at most: what is at rest costs nothing.
class Readings {
 public:
  explicit Readings(std::size_t most) : most_(most) {}
  Readings(const Readings&) = delete;
  Readings& operator=(const Readings&) = delete;

  // The same as read_spec(). A spec that changes takes another generation with it (Kubernetes API conventions; DirectoryStore keeps to it).
  SpecReading of(const Invocation& object, const base::Json& workspace_defaults);

 private:
  using Defaults = std::shared_ptr<const base::Json>;  // most Invocations have the same
  struct Entry {
    std::string uid;
    std::int64_t generation = 0;
    Defaults defaults;
    SpecReading reading;
    bool is_of(const Invocation& object, const base::Json& over) const;
  };
  Entry& entry_of(const std::string& uid);

  std::size_t most_;
  std::list<Entry> entries_;  // the one asked for last is first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_uid_;
  Defaults latest_ = std::make_shared<const base::Json>();
};

}  // namespace lepton_operator::invocation
