#pragma once

#include <string>

#include "analysis/study/study.h"

namespace dse {

// The parts of StudyToText about several series; each is empty where there is nothing to say.

std::string ComparisonsText(const StudyAnalysis& study);  // of every pair, and how many models tell
std::string TrendsText(const StudyAnalysis& study);       // across flop bands
std::string RegressionsText(const StudyAnalysis& study);  // complexity and time
std::string ParetoText(const StudyAnalysis& study);       // by flops

}  // namespace dse
