#pragma once

#include <string>

#include "analysis/study/study.h"

namespace dse {

// The document of `dse analyze --json`; statistics of a series without models are null. The same
// study gives the same bytes.
std::string StudyToJson(const StudyAnalysis& study);

}  // namespace dse
