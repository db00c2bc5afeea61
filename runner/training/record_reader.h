#pragma once

#include <map>
#include <string>
#include <vector>

#include "runner/training/safetensors.h"

namespace dse {

// Tensors of a file by name, each to be taken once.
class RecordReader {
 public:
  // `path` starts the messages. The records must outlive it.
  RecordReader(const std::vector<TensorRecord>& records, std::string path);

  bool Has(const std::string& name) const { return records_.contains(name); }
  // Throws Error where it is missing or has another shape or type.
  const TensorRecord& Take(const std::string& name, TensorType type,
                           const std::vector<int64_t>& shape);
  // Throws Error that names a tensor nobody took.
  void Finish() const;

 private:
  std::string path_;
  std::map<std::string, const TensorRecord*> records_;
};

}  // namespace dse
