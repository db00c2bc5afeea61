#include "analysis/study/series_analysis.h"

#include <algorithm>

namespace dse {

const StudyProperty* SeriesAnalysis::Find(std::string_view property) const {
  const auto found = std::ranges::find(properties, property, &StudyProperty::name);
  return found == properties.end() ? nullptr : &*found;
}

std::string StudyModel::label() const {
  if (!name.empty()) return name;
  return hash.empty() ? "model " + std::to_string(index) : hash;
}

size_t FinishedModels(const SeriesAnalysis& series) {
  const auto finished = std::ranges::partition_point(
      series.models, [](const StudyModel& model) { return !model.diverged; });
  return static_cast<size_t>(finished - series.models.begin());
}

std::vector<double> ErrorsOf(const SeriesAnalysis& series) {
  std::vector<double> errors;
  errors.reserve(series.models.size());
  for (const StudyModel& model : series.models) errors.push_back(model.error);
  return errors;
}

}  // namespace dse
