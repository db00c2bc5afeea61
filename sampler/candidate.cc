#include "sampler/candidate.h"

#include <cmath>

#include "core/regnet.h"
#include "core/rng.h"
#include "sampler/compiled_space.h"

namespace dse {
namespace {

// The words of one candidate's stream, made four at a time as far as they are needed.
class CandidateWords {
 public:
  CandidateWords(uint64_t key, int64_t number)
      : key_(key), number_(static_cast<uint64_t>(number)) {}

  void MakeFirst(int count) {
    for (; made_ < count; made_ += 4) {
      const PhiloxBlock block = Philox4x32(key_, number_, static_cast<uint64_t>(made_) / 4);
      for (size_t i = 0; i < 4; ++i) words_[static_cast<size_t>(made_) + i] = block[i];
    }
  }
  uint32_t operator[](int index) const { return words_[static_cast<size_t>(index)]; }
  // As RandomStream::Uniform makes it of two words.
  double Uniform(int index) const {
    const uint64_t bits = (*this)[index] | uint64_t{(*this)[index + 1]} << 32;
    return (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53;
  }

 private:
  uint64_t key_;
  uint64_t number_;
  int made_ = 0;
  std::array<uint32_t, kMaxWords> words_;
};

double DrawValue(const DrawnParameter& drawn, const CandidateWords& words, size_t stage = 0) {
  const int word = drawn.word[stage];
  return drawn.table ? drawn.table->Value(words[word])
                     : ValueAt(drawn.distribution, words.Uniform(word));
}

// Index of a stage's value among those of its parameter; 0 for a parameter the space has not.
size_t DrawIndex(const DrawnParameter* drawn, const CandidateWords& words, size_t stage) {
  return drawn ? drawn->table->Index(words[drawn->word[stage]]) : 0;
}

double ValueAtIndex(const DrawnParameter* drawn, size_t index) {
  return drawn ? drawn->table->values()[index] : 1;
}

// A stage of an AnyNet after group compatibility; width 0 where no network may have it.
Stage DrawStage(const Space::Compiled& space, const CandidateWords& words, size_t index) {
  const DrawnParameter* depth = space.Find(Parameter::kDepth);
  const DrawnParameter* width = space.Find(Parameter::kWidth);
  const DrawnParameter* bottleneck = space.Find(Parameter::kBottleneck);
  const DrawnParameter* group_width = space.Find(Parameter::kGroupWidth);
  const size_t w = DrawIndex(width, words, index);
  const size_t b = DrawIndex(bottleneck, words, index);
  const size_t g = DrawIndex(group_width, words, index);
  Stage stage;
  if (space.compatible.empty()) {
    stage.width = static_cast<int>(ValueAtIndex(width, w));
    stage.bottleneck = ValueAtIndex(bottleneck, b);
    stage.group_width = static_cast<int>(ValueAtIndex(group_width, g));
    stage = CompatibleOrNone(space.frame.block, stage);
  } else {
    stage = space.compatible[(w * space.bottlenecks + b) * space.group_widths + g];
  }
  stage.depth = static_cast<int>(DrawValue(*depth, words, index));
  stage.stride = space.strides[index];
  return stage;
}

bool KeepsOrders(const Space::Compiled& space, const Candidate& candidate, size_t stage) {
  for (const Constraint& order : space.orders) {
    if (!KeepsOrder(order, candidate.stages[stage - 1], candidate.stages[stage])) return false;
  }
  return true;
}

bool DrawAnyNet(const Space::Compiled& space, CandidateWords& words, Candidate& candidate) {
  candidate.stage_count = space.stage_count;
  for (size_t i = 0; i < static_cast<size_t>(space.stage_count); ++i) {
    words.MakeFirst(space.words_for_stage[i]);
    candidate.stages[i] = DrawStage(space, words, i);
    if (candidate.stages[i].width == 0) return false;
    if (i > 0 && !KeepsOrders(space, candidate, i)) return false;
  }
  return true;
}

RegNetParameters DrawRegNetParameters(const Space::Compiled& space, const CandidateWords& words) {
  const auto value = [&](Parameter parameter) {
    const DrawnParameter* drawn = space.Find(parameter);
    return drawn ? DrawValue(*drawn, words) : 1.0;
  };
  RegNetParameters parameters;
  parameters.depth = static_cast<int>(value(Parameter::kDepth));
  parameters.w0 = value(Parameter::kW0);
  parameters.wa = value(Parameter::kWa);
  parameters.wm = value(Parameter::kWm);
  parameters.bottleneck = value(Parameter::kBottleneck);
  parameters.group_width = static_cast<int>(value(Parameter::kGroupWidth));
  return parameters;
}

bool DrawRegNet(const Space::Compiled& space, CandidateWords& words, Candidate& candidate) {
  words.MakeFirst(space.words_for_stage[0]);
  const RegNetParameters& drawn = candidate.regnet = DrawRegNetParameters(space, words);
  if (!MayHaveStages(drawn, space.stage_count)) return false;
  const RegNetRejection rejection =
      RegNetStages(drawn, space.stage_count, candidate.stages, candidate.stage_count);
  if (rejection != RegNetRejection::kNone) return false;
  for (size_t i = 0; i < static_cast<size_t>(space.stage_count); ++i) {
    Stage& stage = candidate.stages[i];
    if (stage.width > kMaxWidth) return false;
    stage = CompatibleOrNone(space.frame.block, stage);
    stage.stride = space.strides[i];
    if (stage.width == 0) return false;
    if (i > 0 && !KeepsOrders(space, candidate, i)) return false;
  }
  return true;
}

bool KeepsDepths(const Space::Compiled& space, const Candidate& candidate) {
  if (space.depth_bounds.empty()) return true;
  int64_t depth = 0;
  for (const Stage& stage : candidate.network()) depth += stage.depth;
  for (const Constraint& bound : space.depth_bounds) {
    if (!KeepsDepth(bound, depth)) return false;
  }
  return true;
}

}  // namespace

bool MayHaveStages(const RegNetParameters& parameters, int stages) {
  if (parameters.wa <= 0) return true;
  // Level k begins at the block j with w0 + wa*j = w0 * wm^(k - 1/2). The slack covers the rounding
  // of this test and of the exact one: what it cannot tell is left to the exact one.
  constexpr double kSlack = 1e-6;
  const double last_block = parameters.depth - 1;
  const double scale = parameters.w0 / parameters.wa;
  double power = std::sqrt(parameters.wm);
  double begin = 0;
  for (int level = 0; level < stages; ++level) {
    const double end = (power - 1) * scale;
    const double slack = kSlack * (1 + end);
    if (begin > last_block + slack) return false;
    if (std::ceil(begin - slack) > end + slack) return false;
    begin = end;
    power *= parameters.wm;
  }
  return last_block < begin + kSlack * (1 + begin);
}

bool DrawCandidate(const Space::Compiled& space, uint64_t key, int64_t number,
                   Candidate& candidate) {
  CandidateWords words(key, number);
  const bool network =
      space.regnet ? DrawRegNet(space, words, candidate) : DrawAnyNet(space, words, candidate);
  if (!network || !KeepsDepths(space, candidate)) return false;
  candidate.complexity = CountComplexity(space.frame, candidate.network());
  for (const Constraint& bound : space.complexity_bounds) {
    if (!KeepsBound(bound, candidate.complexity)) return false;
  }
  return true;
}

Overrides DrawOverrides(const Space::Compiled& space, uint64_t key, int64_t number) {
  Overrides overrides;
  const DrawnParameter* lr = space.Find(Parameter::kLr);
  const DrawnParameter* weight_decay = space.Find(Parameter::kWeightDecay);
  if (lr == nullptr && weight_decay == nullptr) return overrides;
  CandidateWords words(key, number);
  words.MakeFirst(space.words);
  if (lr) overrides.lr = DrawValue(*lr, words);
  if (weight_decay) overrides.weight_decay = DrawValue(*weight_decay, words);
  return overrides;
}

}  // namespace dse
