#pragma once

#include <string>
#include <vector>

#include "runner/native/norm.h"
#include "runner/native/parameters.h"
#include "runner/training/record_reader.h"
#include "runner/training/safetensors.h"

// Records of what a network holds, as engine_network.h names them.

namespace dse::native {

// Appends PREFIX + name of each parameter, with the values that `array` has in its place.
void GiveParameters(const std::string& prefix, const Parameters& parameters,
                    const FloatArray& array, std::vector<TensorRecord>& records);
// Appends NAME.running_mean and NAME.running_var.
void GiveRunning(const std::string& name, const Norm::Running& running,
                 std::vector<TensorRecord>& records);

// Back into the array. Throw Error for a record that is missing or of another shape.
void TakeParameters(RecordReader& reader, const std::string& prefix, const Parameters& parameters,
                    FloatArray& array);
void TakeRunning(RecordReader& reader, const std::string& mean, const std::string& var,
                 Norm::Running& running);

}  // namespace dse::native
