#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "runner/torch/network.h"
#include "runner/training/record_reader.h"
#include "runner/training/safetensors.h"

namespace dse {

// A tensor that can be copied from and into.
struct NamedTensor {
  std::string name;
  at::Tensor values;
};

// The tensor's values, row-major. float, double and int64 only.
TensorRecord ToRecord(const std::string& name, const at::Tensor& tensor);
// Copies the record's values into the tensor. Throws Error where it is missing or has another shape
// or type.
void CopyRecord(RecordReader& reader, const std::string& name, const at::Tensor& tensor);

// Running means and variances of the network.
std::vector<NamedTensor> StatisticsOf(const Network& network);

// Parameters, then running statistics, under our names.
std::vector<TensorRecord> RecordsOf(const Network& network);
// Puts them back. Throws Error, naming `path`, as CopyRecord does.
void CopyRecords(const std::vector<TensorRecord>& records, const std::string& path,
                 const Network& network);

}  // namespace dse
