#pragma once

#include <string>
#include <vector>

#include "core/complexity.h"
#include "core/result.h"

namespace dse {

// Records as the database hands them out, for tests.

inline RunRecord DoneRun(double error, double best_error) {
  RunRecord run;
  run.state = RunState::kDone;
  run.error = error;
  run.best_error = best_error;
  return run;
}

inline RunRecord DoneRun(double error) { return DoneRun(error, error); }

inline RunRecord RunIn(RunState state) {
  RunRecord run;
  run.state = state;
  return run;
}

// A member known by numbers alone.
inline MemberRecord Member(int64_t index, std::vector<RunRecord> runs) {
  MemberRecord member;
  member.index = index;
  member.runs = std::move(runs);
  return member;
}

// A member with a model of block X at 32 px.
inline MemberRecord ModelMember(int64_t index, std::vector<RunRecord> runs,
                                const std::vector<int>& depths, const std::vector<int>& widths) {
  MemberRecord member = Member(index, std::move(runs));
  Model model;
  model.frame.resolution = 32;
  for (size_t i = 0; i < depths.size(); ++i) {
    Stage stage;
    stage.depth = depths[i];
    stage.width = widths[i];
    stage.bottleneck = 2;
    stage.group_width = 4;
    model.stages.push_back(stage);
  }
  member.model = ResolveModel(model, "test");
  member.hash = ModelHash(*member.model);
  member.complexity = CountComplexity(*member.model);
  member.lr = 0.1;
  member.weight_decay = 0.0005;
  return member;
}

inline SeriesRecord Series(const std::string& population, std::vector<MemberRecord> members) {
  SeriesRecord series;
  series.population = population;
  series.space = "AnyNetXA";
  series.recipe = "smoke";
  series.dataset = "synthetic";
  series.members = std::move(members);
  return series;
}

}  // namespace dse
