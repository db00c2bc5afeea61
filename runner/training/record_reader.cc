#include "runner/training/record_reader.h"

#include <utility>

#include "core/error.h"

namespace dse {

RecordReader::RecordReader(const std::vector<TensorRecord>& records, std::string path)
    : path_(std::move(path)) {
  for (const TensorRecord& record : records) records_.emplace(record.name, &record);
}

const TensorRecord& RecordReader::Take(const std::string& name, TensorType type,
                                       const std::vector<int64_t>& shape) {
  const auto found = records_.extract(name);
  if (!found) throw Error(path_ + ": has no tensor '" + name + "'; it belongs to another network");
  const TensorRecord& record = *found.mapped();
  if (record.shape != shape || record.type != type) {
    throw Error(path_ + ": '" + name +
                "' has another shape or type; it belongs to another network");
  }
  return record;
}

void RecordReader::Finish() const {
  if (records_.empty()) return;
  throw Error(path_ + ": '" + records_.begin()->first +
              "' is not of this network; the file belongs to another one");
}

}  // namespace dse
