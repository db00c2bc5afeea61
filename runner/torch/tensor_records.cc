#include "runner/torch/tensor_records.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cstring>
#include <utility>

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

RecordReader::RecordReader(TensorFile file, std::string path) : path_(std::move(path)) {
  for (TensorRecord& record : file.tensors) {
    std::string name = record.name;
    records_.emplace(std::move(name), std::move(record));
  }
}

void RecordReader::Read(const std::string& name, const at::Tensor& tensor) {
  const auto found = records_.extract(name);
  if (!found) throw Error(path_ + ": has no tensor '" + name + "'; it belongs to another network");
  const TensorRecord& record = found.mapped();
  if (record.shape != tensor.sizes().vec() || record.type != TypeOf(tensor.scalar_type())) {
    throw Error(path_ + ": '" + name +
                "' has another shape or type; it belongs to another network");
  }
  const at::NoGradGuard no_grad;
  const at::Tensor values =
      at::empty(tensor.sizes(), at::TensorOptions(at::kCPU).dtype(tensor.scalar_type()));
  std::memcpy(values.mutable_data_ptr(), record.data.data(), record.data.size());
  tensor.detach().copy_(values);
}

void RecordReader::Finish() const {
  if (records_.empty()) return;
  throw Error(path_ + ": '" + records_.begin()->first +
              "' is not of this network; the file belongs to another one");
}

}  // namespace dse
