// What the Kubernetes store writes: a status, or our finalizer, as JSON patches that others who write the same object cannot starve.
//
// A write with `resourceVersion` loses to any other writer, so that a busy one keeps us out for ever. These stand on no more than they have
// to: the object's UID; that its deletion was not asked for since we planned without it (rule 9); of a status that the operator did not
// write it since we read it (`status.revision` counts our writes, so that a former leader's late request changes nothing); of a finalizer
// the list it is put into, or the place it is taken from, so that nobody else's is lost. Whatever else was written meanwhile stays, but for
// the status, which is ours and is replaced whole. Pure.
#pragma once

#include "invocation/object.h"
#include "kube/json_patch.h"

namespace lepton_operator::store {

inline constexpr const char* kRevision = "revision";

// `status`: with the revision that follows the one that was read.
std::int64_t next_revision(const invocation::StatusMark& mark);
kube::JsonPatch status_patch(const invocation::ObjectMeta& read, const invocation::StatusMark& mark, base::Json status);
kube::JsonPatch finalizer_patch(const invocation::ObjectMeta& read, const std::string& finalizer, bool present);

// Whether the answer to a write shows what others wrote since the object was read, of which nobody has been told yet.
bool others_wrote(const invocation::ObjectMeta& read, const invocation::ObjectMeta& answer);

}  // namespace lepton_operator::store
