#include "runner/native/tensor_values.h"

#include <cstring>

namespace dse::native {
namespace {

TensorRecord ToRecord(const std::string& name, const std::vector<int64_t>& shape,
                      const float* values, size_t count) {
  TensorRecord record{name, TensorType::kF32, shape, {}};
  record.data.assign(reinterpret_cast<const char*>(values), count * sizeof(float));
  return record;
}

void TakeValues(RecordReader& reader, const std::string& name, const std::vector<int64_t>& shape,
                float* values) {
  const TensorRecord& record = reader.Take(name, TensorType::kF32, shape);
  std::memcpy(values, record.data.data(), record.data.size());
}

}  // namespace

void GiveParameters(const std::string& prefix, const Parameters& parameters,
                    const FloatArray& array, std::vector<TensorRecord>& records) {
  for (int number = 0; number < static_cast<int>(parameters.count()); ++number) {
    const ParameterPlan& plan = parameters.plan(number);
    records.push_back(ToRecord(prefix + plan.name, plan.shape,
                               array.data() + parameters.offset(number),
                               static_cast<size_t>(plan.elements())));
  }
}

void GiveRunning(const std::string& name, const Norm::Running& running,
                 std::vector<TensorRecord>& records) {
  const std::vector<int64_t> shape{static_cast<int64_t>(running.mean.size())};
  records.push_back(
      ToRecord(name + ".running_mean", shape, running.mean.data(), running.mean.size()));
  records.push_back(ToRecord(name + ".running_var", shape, running.var.data(), running.var.size()));
}

void TakeParameters(RecordReader& reader, const std::string& prefix, const Parameters& parameters,
                    FloatArray& array) {
  for (int number = 0; number < static_cast<int>(parameters.count()); ++number) {
    const ParameterPlan& plan = parameters.plan(number);
    TakeValues(reader, prefix + plan.name, plan.shape, array.data() + parameters.offset(number));
  }
}

void TakeRunning(RecordReader& reader, const std::string& mean, const std::string& var,
                 Norm::Running& running) {
  const std::vector<int64_t> shape{static_cast<int64_t>(running.mean.size())};
  TakeValues(reader, mean, shape, running.mean.data());
  TakeValues(reader, var, shape, running.var.data());
}

}  // namespace dse::native
