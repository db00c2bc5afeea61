#pragma once

#include <string>

#include "runner/data/dataset.h"

namespace dse {

// Throws Error where what `whose` names ("population 'p' has networks") is for so many classes and
// the data have others.
void CheckClasses(const std::string& whose, int classes, const DatasetInfo& data);

}  // namespace dse
