#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "runner/training/safetensors.h"

namespace dse {

// The tensor's values, row-major. float, double and int64 only.
TensorRecord ToRecord(const std::string& name, const at::Tensor& tensor);

// Tensors of a file by name, each to be taken once.
class RecordReader {
 public:
  // `path` starts the messages.
  RecordReader(TensorFile file, std::string path);

  bool Has(const std::string& name) const { return records_.contains(name); }
  // Copies the record's values into the tensor. Throws Error where it is missing or has another
  // shape or type.
  void Read(const std::string& name, const at::Tensor& tensor);
  // Throws Error that names a tensor nobody read.
  void Finish() const;

 private:
  std::string path_;
  std::map<std::string, TensorRecord> records_;
};

}  // namespace dse
