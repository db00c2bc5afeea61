#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "db/run_list.h"

namespace dse {

// The ids of the done runs that `filter` lets through and whose weights are not kept in `folder`
// (run_files.h). Throws as ListRuns does.
std::vector<int64_t> DoneWithoutWeights(Database& db, RunFilter filter, const std::string& folder);

// "dse runs retry --with-weights --db FILE ...", after which training with --keep-weights makes
// them. `work_dir` as it was given, "" = none. What a shell would take apart is quoted.
std::string RetryWithWeightsCommand(const std::string& db_path, const std::string& work_dir,
                                    const SeriesFilter& series);

}  // namespace dse
