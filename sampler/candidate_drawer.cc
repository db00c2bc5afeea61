#include "sampler/candidate_drawer.h"

#include <algorithm>
#include <cmath>

#include "core/regnet.h"

namespace dse {
namespace {

// The words of one candidate's stream.
class CandidateWords {
 public:
  explicit CandidateWords(const uint32_t* first) : first_(first) {}
  uint32_t operator[](int index) const { return first_[index * kPhiloxLanes]; }
  // As RandomStream::Uniform makes it of two words.
  double Uniform(int index) const {
    const uint64_t bits = (*this)[index] | uint64_t{(*this)[index + 1]} << 32;
    return (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53;
  }

 private:
  const uint32_t* first_;
};

double DrawValue(const DrawnParameter& drawn, const CandidateWords& words) {
  const Law& law = *drawn.law;
  return law.table ? law.table->Value(words[drawn.word])
                   : ValueAt(law.distribution, words.Uniform(drawn.word));
}

// Place among the values of a discrete law; 0 where there is none.
size_t DrawIndex(const DrawnParameter& drawn, const CandidateWords& words) {
  return drawn.law ? drawn.law->table->Index(words[drawn.word]) : 0;
}

// What a discrete law gives, or `fallback` without one.
double DrawDiscrete(const DrawnParameter& drawn, const CandidateWords& words, double fallback) {
  return drawn.law ? drawn.law->table->Value(words[drawn.word]) : fallback;
}
int DrawInt(const DrawnParameter& drawn, const CandidateWords& words, int fallback) {
  return static_cast<int>(DrawDiscrete(drawn, words, fallback));
}

// A stage of an AnyNet after group compatibility; width 0 where no network may have it. Returns its
// multiply-adds where they are listed.
const StageFlops* DrawStage(const StageLaws& laws, BlockType block, const CandidateWords& words,
                            Stage& stage) {
  const DrawnParameter& width = laws[Parameter::kWidth];
  const DrawnParameter& bottleneck = laws[Parameter::kBottleneck];
  const DrawnParameter& group_width = laws[Parameter::kGroupWidth];
  const size_t w = DrawIndex(width, words);
  const size_t b = DrawIndex(bottleneck, words);
  const size_t g = DrawIndex(group_width, words);
  const CompatibleWidths& compatible = *laws.compatible;
  const size_t place = (w * compatible.bottlenecks + b) * compatible.group_widths + g;
  stage.bottleneck = bottleneck.law ? bottleneck.law->table->values()[b] : 1;
  if (compatible.entries.empty()) {
    stage.width = static_cast<int>(width.law->table->values()[w]);
    stage.group_width = group_width.law ? static_cast<int>(group_width.law->table->values()[g]) : 1;
    stage = CompatibleOrNone(block, stage);
  } else {
    const CompatibleWidths::Entry& entry = compatible.entries[place];
    stage.width = entry.width;
    stage.group_width = entry.group_width;
  }
  stage.depth = DrawInt(laws[Parameter::kDepth], words, 1);
  stage.kernel = DrawInt(laws[Parameter::kKernel], words, 3);
  stage.expansion = DrawInt(laws[Parameter::kExpansion], words, 1);
  return laws.flops.empty() ? nullptr : &laws.flops[place];
}

// Follows a network's stages; tells as soon as it can no longer be one that is looked for.
class StageChecker {
 public:
  StageChecker(const CompiledSpace& space, const Candidate& candidate, int64_t most_flops)
      : space_(space),
        candidate_(candidate),
        flops_(space.stems[candidate.frame]),
        most_flops_(most_flops) {}

  // Stage `index` is complete; `known` are its multiply-adds where they are listed.
  bool Add(size_t index, const StageFlops* known = nullptr) {
    const Stage& stage = candidate_.stages[index];
    if (stage.width == 0) return false;
    if (index > 0 && !MayFollow(candidate_.stages[index - 1], stage)) return false;
    if (known) {
      flops_.Add(stage, *known);
    } else {
      flops_.Add(stage);
    }
    return flops_.so_far() <= most_flops_;
  }
  // All stages are complete.
  bool Finish() const {
    if (!space_.depth_bounds.empty()) {
      int64_t depth = 0;
      for (const Stage& stage : candidate_.network()) depth += stage.depth;
      for (const Constraint& bound : space_.depth_bounds) {
        if (!KeepsDepth(bound, depth)) return false;
      }
    }
    return flops() <= most_flops_;
  }
  int64_t flops() const { return flops_.WithHead(); }

 private:
  // Where there are several ranges of compute, a network that breaks an order has its range all the
  // same, so that no other range's network may take its place.
  bool MayFollow(const Stage& before, const Stage& stage) const {
    if (space_.ranges.size() > 1) return true;
    for (const Constraint& order : space_.orders) {
      if (!KeepsOrder(order, before, stage)) return false;
    }
    return true;
  }

  const CompiledSpace& space_;
  const Candidate& candidate_;
  PartialFlops flops_;
  int64_t most_flops_;
};

bool DrawAnyNet(const CompiledSpace& space, const ComputeRange& range, const CandidateWords& words,
                StageChecker& checker, Candidate& candidate) {
  const BlockType block = space.frames.front().block;
  for (size_t i = 0; i < static_cast<size_t>(candidate.stage_count); ++i) {
    candidate.stages[i].stride = space.strides[i];
    const StageFlops* known = DrawStage(range.stages[i], block, words, candidate.stages[i]);
    if (!checker.Add(i, known)) return false;
  }
  return true;
}

RegNetParameters DrawRegNetParameters(const CompiledSpace& space, const StageLaws& laws,
                                      const CandidateWords& words) {
  RegNetParameters parameters;
  parameters.depth = DrawInt(laws[Parameter::kDepth], words, 1);
  parameters.w0 = DrawValue(space.w0, words);
  parameters.wa = DrawValue(space.wa, words);
  parameters.wm = DrawValue(space.wm, words);
  parameters.bottleneck = DrawDiscrete(laws[Parameter::kBottleneck], words, 1);
  parameters.group_width = DrawInt(laws[Parameter::kGroupWidth], words, 1);
  return parameters;
}

bool HasStageCount(const CompiledSpace& space, int count) {
  return std::find(space.stage_counts.begin(), space.stage_counts.end(), count) !=
         space.stage_counts.end();
}

bool DrawRegNet(const CompiledSpace& space, const ComputeRange& range, const CandidateWords& words,
                StageChecker& checker, Candidate& candidate) {
  const StageLaws& laws = range.stages[0];
  candidate.regnet = DrawRegNetParameters(space, laws, words);
  const auto [least, most] =
      std::minmax_element(space.stage_counts.begin(), space.stage_counts.end());
  if (!MayHaveStages(candidate.regnet, *least, *most)) return false;
  const RegNetRejection rejection =
      RegNetStages(candidate.regnet, 0, candidate.stages, candidate.stage_count);
  if (rejection != RegNetRejection::kNone || !HasStageCount(space, candidate.stage_count)) {
    return false;
  }
  const BlockType block = space.frames.front().block;
  for (size_t i = 0; i < static_cast<size_t>(candidate.stage_count); ++i) {
    Stage& stage = candidate.stages[i];
    if (stage.width > kMaxWidth) return false;
    stage = CompatibleOrNone(block, stage);
    stage.stride = space.strides[i];
    stage.kernel = DrawInt(laws[Parameter::kKernel], words, 3);
    stage.expansion = DrawInt(laws[Parameter::kExpansion], words, 1);
    if (!checker.Add(i)) return false;
  }
  return true;
}

// The network drawn with the laws of `range`; false where it is none, or breaks a constraint that
// does not take its complexity, or has more than `most_flops`.
bool DrawNetwork(const CompiledSpace& space, const ComputeRange& range, int64_t most_flops,
                 const CandidateWords& words, Candidate& candidate) {
  StageChecker checker(space, candidate, most_flops);
  const bool drawn = space.type == SpaceType::kAnyNet
                         ? DrawAnyNet(space, range, words, checker, candidate)
                         : DrawRegNet(space, range, words, checker, candidate);
  candidate.complexity.flops = checker.flops();
  return drawn && checker.Finish();
}

// Group widths by compute: the first range that the network drawn with its laws lies in.
bool DrawInRanges(const CompiledSpace& space, const Band& band, const CandidateWords& words,
                  Candidate& candidate) {
  if (space.ranges.size() == 1) {
    return DrawNetwork(space, space.ranges.front(), band.high, words, candidate);
  }
  for (const ComputeRange& range : space.ranges) {
    if (range.flops.low > band.high) return false;
    if (DrawNetwork(space, range, range.flops.high, words, candidate) &&
        range.flops.Contains(candidate.complexity.flops)) {
      return true;
    }
  }
  return false;
}

bool DrawListed(const CompiledSpace& space, const Band& band, const CandidateWords& words,
                Candidate& candidate) {
  candidate.model = DrawIndex(space.model, words);
  const ListedModel& listed = space.models[candidate.model];
  candidate.complexity = listed.complexity;
  return listed.allowed && band.Contains(listed.complexity.flops);
}

}  // namespace

bool MayHaveStages(const RegNetParameters& parameters, int least, int most) {
  if (parameters.wa <= 0) return true;
  // Level k begins at the block j with w0 + wa*j = w0 * wm^(k - 1/2). The slack covers the rounding
  // of this test and of the exact one: what it cannot tell is left to the exact one.
  constexpr double kSlack = 1e-6;
  const double last_block = parameters.depth - 1;
  const double scale = parameters.w0 / parameters.wa;
  double power = std::sqrt(parameters.wm);
  double begin = 0;
  for (int level = 0; level < most; ++level) {
    const double end = (power - 1) * scale;
    const double slack = kSlack * (1 + end);
    if (begin > last_block + slack) return level >= least;
    if (std::ceil(begin - slack) > end + slack) return false;
    begin = end;
    power *= parameters.wm;
  }
  return last_block < begin + kSlack * (1 + begin);
}

const uint32_t* CandidateDrawer::WordsOf(int64_t number) {
  const int64_t lane = number % kPhiloxLanes;
  if (number - lane != first_) {
    first_ = number - lane;
    for (int word = 0; word < space_.words; word += 4) {
      Philox4x32Lanes(key_, static_cast<uint64_t>(first_), static_cast<uint64_t>(word) / 4,
                      words_.data() + word * kPhiloxLanes);
    }
  }
  return words_.data() + lane;
}

bool CandidateDrawer::Draw(int64_t number, const Band& band, Candidate& candidate) {
  const CandidateWords words(WordsOf(number));
  if (space_.type == SpaceType::kModels) return DrawListed(space_, band, words, candidate);
  candidate.frame = DrawIndex(space_.frame, words);
  candidate.stage_count = space_.stage_counts[DrawIndex(space_.stage_count, words)];
  if (!DrawInRanges(space_, band, words, candidate)) return false;
  if (!band.Contains(candidate.complexity.flops)) return false;
  candidate.complexity = CountComplexity(space_.frames[candidate.frame], candidate.network());
  return KeepsConstraints(space_, candidate.network(), candidate.complexity);
}

Overrides CandidateDrawer::DrawOverrides(int64_t number) {
  Overrides overrides;
  if (!space_.lr.law && !space_.weight_decay.law) return overrides;
  const CandidateWords words(WordsOf(number));
  if (space_.lr.law) overrides.lr = DrawValue(space_.lr, words);
  if (space_.weight_decay.law) overrides.weight_decay = DrawValue(space_.weight_decay, words);
  return overrides;
}

Model ModelOf(const CompiledSpace& space, const Candidate& candidate) {
  if (space.type == SpaceType::kModels) return space.models[candidate.model].model;
  Model model;
  model.frame = space.frames[candidate.frame];
  model.stages.assign(candidate.network().begin(), candidate.network().end());
  if (space.type == SpaceType::kRegNet) model.regnet = candidate.regnet;
  return model;
}

}  // namespace dse
