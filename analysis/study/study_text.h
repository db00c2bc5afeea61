#pragma once

#include <string>

#include "analysis/study/study.h"

namespace dse {

// The tables for a terminal, at most 100 columns wide but for long names.
std::string StudyToText(const StudyAnalysis& study);

}  // namespace dse
