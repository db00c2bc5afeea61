#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "analysis/study/study.h"

namespace dse {

// How numbers and facts of a study read, in the terminal and in the report alike.

std::string FormatPercent(double value);              // "41.24"
std::string FormatPercent(const Interval& interval);  // "41.24 [40.10, 42.80]", alone without width
std::string FormatProperty(std::string_view name, double value);  // "398M" for flops, else 5 digits
// "0.031", "3.1e-07".
std::string FormatPValue(double p);

// The property of a model as text, "-" without.
std::string PropertyText(const SeriesAnalysis& series, std::string_view property, size_t place);
// A property of a model's stages, such as 'w': "16 40 104"; "" without.
std::string StageText(const SeriesAnalysis& series, char letter, size_t place);
// The widths of a model's stages; "-" without.
std::string StageWidthsText(const SeriesAnalysis& series, size_t place);

// What is not among the models, or not as it was trained: "left out: 1 failed, 2 pending; 1
// diverged, counted as 100% error". Empty where all is as it should be.
std::string LeftOutText(const SeriesAnalysis& series);

// Where runs were trained by several engines, or versions of one: "trained by different engines: 2
// runs by LibTorch, 1 run by native; trained by different versions of LibTorch: 1 run by 2.10.0, 1
// run by 2.11.0". Else empty.
std::string EnginesText(const SeriesAnalysis& series);

// "last epoch" or "best epoch".
const char* ErrorKindText(ErrorKind kind);

// What a property means, for readers who do not know the short names: "w2" is "width of stage 2".
std::string PropertyMeaning(const std::string& name);

// A regression with its coefficients and R^2: "acts = 6.51 [6.1, 6.9] M sqrt(GF), R^2 0.98".
std::string RegressionText(const ComplexityTrend& trend);

}  // namespace dse
