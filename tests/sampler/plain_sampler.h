#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <vector>

#include "core/complexity.h"
#include "core/draw.h"
#include "core/model.h"
#include "core/rng.h"
#include "core/units.h"
#include "sampler/distribution.h"
#include "sampler/space_spec.h"

namespace dse {

// Where a plain draw takes its uniform numbers in (0, 1) from.
class UniformSource {
 public:
  virtual ~UniformSource() = default;
  virtual double ForDiscrete() = 0;    // for a law of separate values
  virtual double ForContinuous() = 0;  // for a law without steps
};

// The words of candidate `number` under `key`, in order: the numbers that the sampler itself reads.
class CandidateUniforms : public UniformSource {
 public:
  CandidateUniforms(uint64_t key, int64_t number) : words_(key, static_cast<uint64_t>(number)) {}
  double ForDiscrete() override { return (words_.NextWord() + 0.5) * 0x1p-32; }
  double ForContinuous() override { return words_.Uniform(); }

 private:
  RandomStream words_;
};

// Numbers that share nothing with the sampler's.
class IndependentUniforms : public UniformSource {
 public:
  explicit IndependentUniforms(uint64_t seed) : engine_(seed) {}
  double ForDiscrete() override { return Next(); }
  double ForContinuous() override { return Next(); }

 private:
  double Next() { return (static_cast<double>(engine_() >> 11) + 0.5) * 0x1p-53; }
  std::mt19937_64 engine_;
};

struct PlainDraw {
  Model model;
  Complexity complexity;
  Overrides overrides;
};

// The law of a space as its document defines it: draw everything, resolve, keep what is valid and
// within the constraints. Slow on purpose: no table but the values of each law, nothing is left
// early, and nothing is shared with the sampler but the definitions of distributions, group
// compatibility, RegNet widths and complexity. Uniform numbers are taken in the order documented in
// sampler/compiled_space.h.
class PlainSampler {
 public:
  explicit PlainSampler(const SpaceSpec& spec);

  // One draw, nothing where it is rejected; whether it lies in a flop band is left to the caller.
  std::optional<PlainDraw> Draw(UniformSource& uniforms) const;

 private:
  struct Law {
    Distribution distribution;
    std::vector<double> values;  // empty where it is continuous
    explicit Law(const Distribution& of);
    double Uniform(UniformSource& uniforms) const;
    double At(double uniform) const;
  };
  // Group widths by compute: those of networks with multiply-adds in `flops`.
  struct ComputeGroups {
    Band flops;
    Law group_width;
  };
  // What a candidate draws before it is resolved.
  struct Drawn {
    size_t model = 0;
    int stages = 0;
    Frame frame;
    std::array<std::array<double, kMaxStages>, kParameterCount> uniforms{};
  };

  void DrawStages(UniformSource& uniforms, Drawn& drawn) const;
  void DrawOne(Parameter parameter, int stage, UniformSource& uniforms, Drawn& drawn) const;
  bool Has(Parameter parameter) const { return spec_.parameters.contains(parameter); }
  double ValueOf(Parameter parameter, int stage, const Drawn& drawn,
                 const ComputeGroups* groups) const;

  std::optional<Model> NetworkOf(const Drawn& drawn, const ComputeGroups* groups) const;
  std::optional<Model> AnyNetOf(const Drawn& drawn, const ComputeGroups* groups) const;
  std::optional<Model> RegNetOf(const Drawn& drawn, const ComputeGroups* groups) const;
  std::optional<Model> ByComputeOf(const Drawn& drawn) const;

  SpaceSpec spec_;
  std::vector<Model> models_;  // of a list
  std::vector<Frame> frames_;
  std::vector<int> strides_;
  std::map<Parameter, std::vector<Law>> laws_;  // one for all stages or one for each
  std::vector<ComputeGroups> by_compute_;       // empty where group widths do not go by compute
};

}  // namespace dse
