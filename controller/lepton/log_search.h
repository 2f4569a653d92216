// The search of collected logs, narrowed to one replica.
//
// Thread rule and failures: those of Client.
#pragma once

#include <string>
#include <vector>

#include "lepton/client.h"

namespace lepton_operator::lepton {

Answer<std::vector<LogLine>> search_replica_logs(Client& client, Context context, Workload workload, LogQuery query, std::string replica);

}  // namespace lepton_operator::lepton
