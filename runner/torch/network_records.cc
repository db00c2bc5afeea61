#include "runner/torch/network_records.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cstring>

#include "core/error.h"

namespace dse {
namespace {

TensorType TypeOf(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return TensorType::kF32;
    case at::kDouble:
      return TensorType::kF64;
    case at::kLong:
      return TensorType::kI64;
    default:
      throw Error("internal: tensors of this type are not stored");
  }
}

}  // namespace

TensorRecord ToRecord(const std::string& name, const at::Tensor& tensor) {
  const at::Tensor copy = tensor.detach().to(at::kCPU).contiguous();
  TensorRecord record{name, TypeOf(copy.scalar_type()), copy.sizes().vec(), {}};
  record.data.assign(static_cast<const char*>(copy.const_data_ptr()), copy.nbytes());
  return record;
}

void CopyRecord(RecordReader& reader, const std::string& name, const at::Tensor& tensor) {
  const TensorRecord& record =
      reader.Take(name, TypeOf(tensor.scalar_type()), tensor.sizes().vec());
  const at::NoGradGuard no_grad;
  const at::Tensor values =
      at::empty(tensor.sizes(), at::TensorOptions(at::kCPU).dtype(tensor.scalar_type()));
  std::memcpy(values.mutable_data_ptr(), record.data.data(), record.data.size());
  tensor.detach().copy_(values);
}

std::vector<NamedTensor> StatisticsOf(const Network& network) {
  std::vector<NamedTensor> state;
  for (const Network::NamedNorm& named : network.norms()) {
    state.push_back({named.name + ".running_mean", named.norm->running_mean});
    state.push_back({named.name + ".running_var", named.norm->running_var});
  }
  return state;
}

std::vector<TensorRecord> RecordsOf(const Network& network) {
  std::vector<TensorRecord> records;
  for (const Parameter& parameter : network.parameters()) {
    records.push_back(ToRecord(parameter.name, parameter.value));
  }
  for (const NamedTensor& tensor : StatisticsOf(network)) {
    records.push_back(ToRecord(tensor.name, tensor.values));
  }
  return records;
}

void CopyRecords(const std::vector<TensorRecord>& records, const std::string& path,
                 const Network& network) {
  RecordReader reader(records, path);
  for (const Parameter& parameter : network.parameters()) {
    CopyRecord(reader, parameter.name, parameter.value);
  }
  for (const NamedTensor& tensor : StatisticsOf(network)) {
    CopyRecord(reader, tensor.name, tensor.values);
  }
}

}  // namespace dse
