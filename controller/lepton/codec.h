// Wire forms: typed values to JSON bodies and answers to typed values. Where no family is named, endpoints have the legacy family's form
// (/deployments); the new one's (/endpoints) is made of it and read back into it (codec_components.cc), so that each field is known once.
//
// Decoding is total: a malformed answer is an Error (kMalformed); in a list, a malformed item spoils nothing but itself and is counted,
// since a list that lacks an object proves nothing about it. Pure; any thread. Fields: docs/lepton-api.md, sections 3 to 10.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "lepton/types.h"

namespace lepton_operator::lepton {

// By the print of its text (base/json_member.h), which object a list showed: its name, of jobs its id.
using Prints = std::unordered_map<std::uint64_t, std::string>;

template <class T>
struct Decoded {
  std::vector<T> items;
  int malformed = 0;                  // items that cannot be addressed: no readable name (jobs: no id)
  int requests = 1;                   // that it took: pages
  std::vector<std::uint64_t> prints;  // of `items`, where prints were asked for
  Prints unchanged;                   // what was known by its text and is not in `items`
};

Json encode(const EndpointSpec& spec);
Json encode(const EndpointSpec& spec, ApiFamily family);
Json encode(const JobSpec& spec);
Json encode(const std::vector<NewSecret>& secrets);
// The partial body that starts a stopped endpoint again (section 4, PATCH).
Json encode_replicas(int min_replicas, int max_replicas);
// The partial body that puts these fields back and names no other.
Json encode_update(const EndpointSpec& spec, const std::vector<EndpointField>& fields);
// The same for an endpoint of that family; on /endpoints it still has to go through encode_components_patch.
Json encode_update(const EndpointSpec& spec, const std::vector<EndpointField>& fields, ApiFamily family);
// Such a partial body for /endpoints, where an update replaces the components whole: `live` is the endpoint as it was just read, and all
// of its components are sent back with the change laid over the one that serves. kMalformed when `live` does not show them.
base::Result<Json> encode_components_patch(const Json& live, const Json& deployment_patch);

base::Result<Endpoint> decode_endpoint(const Json& body);
base::Result<Endpoint> decode_endpoint(const Json& body, ApiFamily family);
base::Result<Job> decode_job(const Json& body);
base::Result<Decoded<Endpoint>> decode_endpoints(const Json& body);
base::Result<Decoded<Endpoint>> decode_endpoints(const Json& body, ApiFamily family);
base::Result<Decoded<Job>> decode_jobs(const Json& body);  // {"jobs": [...]} or a bare array
base::Result<WorkspaceInfo> decode_workspace(const Json& body);
base::Result<Decoded<NodeGroup>> decode_node_groups(const Json& body);
base::Result<Decoded<Secret>> decode_secrets(const Json& body);
base::Result<std::vector<MaskedToken>> decode_tokens(const Json& body);        // those that expire; what cannot be read is left out
base::Result<Decoded<StorageEntry>> decode_storage(const Json& body);          // of a directory
base::Result<std::vector<std::string>> decode_file_systems(const Json& body);  // their names

}  // namespace lepton_operator::lepton
