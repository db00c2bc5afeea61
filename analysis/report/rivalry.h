#pragma once

#include <vector>

#include "analysis/study/study.h"

namespace dse {

// The series of lowest mean error against another, of those with one recipe, dataset and flop band;
// of all series where no two are that much alike.
struct Rivalry {
  Comparison comparison;  // a is the better one by its mean
  const PowerCurve* power = nullptr;
  bool alike = true;  // in recipe, dataset and flop band
};
std::vector<Rivalry> Rivalries(const StudyAnalysis& study);

}  // namespace dse
