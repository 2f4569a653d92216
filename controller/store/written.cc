#include "store/written.h"

#include "base/json_member.h"
#include "invocation/codec.h"
#include "store/kubernetes_sinks.h"

namespace lepton_operator::store {

namespace {

using base::Json;
using base::Result;

// With the metadata that the answer shows, if the rest of it is known.
template <class T, class Status>
std::optional<T> known(const T& read, const std::optional<SentStatus<Status>>& sent, std::string_view answer) {
  const auto metadata = base::json_member(answer, "metadata");
  const auto status = base::json_member(answer, "status");
  if (!metadata || !status) return std::nullopt;
  if (sent ? *status != sent->text : !read.mark.present || print_of(*status) != read.mark.print) return std::nullopt;
  const Result<Json> parsed = base::parse_json(*metadata, "metadata");
  if (!parsed) return std::nullopt;
  invocation::ObjectMeta meta = invocation::decode_meta(*parsed);
  if (meta.uid != read.meta.uid || meta.generation != read.meta.generation) return std::nullopt;
  if (!sent) return T{std::move(meta), read.spec, read.status, {.present = true, .revision = read.mark.revision, .print = read.mark.print}};
  return T{std::move(meta), read.spec, sent->status, {.present = true, .revision = sent->revision, .print = print_of(sent->text)}};
}

template <class T, class Status>
Result<T> known_or_read(const T& read, const std::optional<SentStatus<Status>>& sent, std::string_view answer) {
  if (std::optional<T> object = known(read, sent, answer)) return std::move(*object);
  const Result<Json> json = base::parse_json(answer, "the answer to a write");
  if (!json) return json.error();
  T object;
  store::decode(*json, object);
  return object;
}

}  // namespace

Result<invocation::Invocation> written(const invocation::Invocation& read,
                                       const std::optional<SentStatus<invocation::InvocationStatus>>& sent, std::string_view answer) {
  return known_or_read(read, sent, answer);
}

Result<invocation::Workspace> written(const invocation::Workspace& read, const std::optional<SentStatus<invocation::WorkspaceStatus>>& sent,
                                      std::string_view answer) {
  return known_or_read(read, sent, answer);
}

}  // namespace lepton_operator::store
