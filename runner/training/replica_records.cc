#include "runner/training/replica_records.h"

namespace dse {

std::string OfReplica(size_t replica, const std::string& name) {
  return "replica" + std::to_string(replica) + "." + name;
}

std::string KeptForReplica(const RecordReader& records, size_t replica, const std::string& name) {
  const std::string own = OfReplica(replica, name);
  return records.Has(own) ? own : OfReplica(0, name);
}

}  // namespace dse
