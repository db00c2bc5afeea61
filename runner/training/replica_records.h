#pragma once

#include <cstddef>
#include <string>

#include "runner/training/record_reader.h"

namespace dse {

// Records that each replica of a network has for itself, among those of a checkpoint.

// "replica1.NAME"; replicas from 0.
std::string OfReplica(size_t replica, const std::string& name);

// The record that a replica takes back: its own, or, where the training had fewer replicas before,
// the first one's.
std::string KeptForReplica(const RecordReader& records, size_t replica, const std::string& name);

}  // namespace dse
