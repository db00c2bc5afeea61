#include "runner/native/step_plan.h"

#include <algorithm>
#include <cassert>

#include "runner/native/bands.h"
#include "runner/native/float_array.h"
#include "runner/native/norm.h"
#include "runner/native/phase_buffers.h"
#include "runner/training/division.h"

namespace dse::native {
namespace {

RowActivation AfterNorm(Activation activation) {
  return activation == Activation::kRelu ? RowActivation::kRelu : RowActivation::kSwish;
}

// Height and width of an image on its way through the network.
struct Size {
  int height = 0;
  int width = 0;
};

// Lists convolutions, units, joins and layers from the images to the head.
class Lowering {
 public:
  explicit Lowering(StepPlan& plan)
      : plan_(plan), activation_(AfterNorm(plan.network->frame.activation)) {}

  void LowerNetwork();
  void ChooseKernels();

 private:
  int AddConv(const std::string& name, const ConvPlan& conv, Size size);
  int AddUnit(const UnitPlan& unit, Size size);
  LayerStep& AddLayer(int unit);
  void ChooseKernels(LayerStep& layer, int bands);
  bool CanRun(const LayerStep& layer) const;
  void AddJoin(JoinStep join);
  void LowerStem();
  void LowerBlock(const BlockPlan& block);
  void LowerShortcut(const BlockPlan& block, LayerStep& first, JoinStep& join);
  void LowerLast(const UnitPlan& last);
  void LowerHead();
  int last_join() const { return static_cast<int>(plan_.joins.size()) - 1; }
  RowActivation AfterUnit(const UnitPlan& unit) const {
    return unit.activated ? activation_ : RowActivation::kIdentity;
  }

  StepPlan& plan_;
  RowActivation activation_;
  Size size_{};  // of the last join's value
  int residual_ = 0;
};

int Lowering::AddConv(const std::string& name, const ConvPlan& conv, Size size) {
  ConvStep& step = plan_.convs.emplace_back();
  step.name = name;
  step.weight = conv.weight;
  step.bias = conv.bias;
  step.shape = {conv.in, conv.out, conv.kernel, conv.stride, conv.groups, size.height, size.width};
  return static_cast<int>(plan_.convs.size()) - 1;
}

int Lowering::AddUnit(const UnitPlan& unit, Size size) {
  UnitStep step;
  step.conv = AddConv(unit.norm.name.substr(0, unit.norm.name.rfind('.')), unit.conv, size);
  step.norm = &unit.norm;
  step.after = AfterUnit(unit);
  plan_.units.push_back(step);
  return static_cast<int>(plan_.units.size()) - 1;
}

LayerStep& Lowering::AddLayer(int unit) {
  LayerStep& layer = plan_.layers.emplace_back();
  layer.units = {unit};
  return layer;
}

void Lowering::AddJoin(JoinStep join) {
  const PoolShape pool = plan_.pool_of(join);
  size_ = {pool.height, pool.width};
  if (join.pooled) size_ = {pool.out_height(), pool.out_width()};
  join.pixels = size_t{1} * size_.height * size_.width;
  plan_.joins.push_back(join);
}

void Lowering::LowerStem() {
  const Frame& frame = plan_.network->frame;
  const int unit = AddUnit(plan_.network->stem, {frame.resolution, frame.resolution});
  AddLayer(unit);
  AddJoin({.unit = unit,
           .after = AfterUnit(plan_.network->stem),
           .pooled = frame.stem == StemType::kResnet});
}

void Lowering::LowerShortcut(const BlockPlan& block, LayerStep& first, JoinStep& join) {
  if (!block.residual) return;
  plan_.units[join.unit].drops = residual_++;
  if (block.projection) {
    join.projection = AddUnit(*block.projection, size_);
    first.units.push_back(join.projection);
  } else {
    join.shortcut = first.join;
    first.identity = static_cast<int>(plan_.joins.size());
  }
}

void Lowering::LowerBlock(const BlockPlan& block) {
  const size_t first = plan_.layers.size();
  Size size = size_;
  int before = -1;
  for (const UnitPlan& unit : block.units) {
    const int number = AddUnit(unit, size);
    LayerStep& layer = AddLayer(number);
    (before < 0 ? layer.join : layer.unit) = before < 0 ? last_join() : before;
    if (block.squeeze && &unit == &block.units.back()) {
      assert(before >= 0);
      SqueezeStep squeeze;
      const std::string& name = plan_.conv_of(plan_.units[before]).name;
      const std::string of_block = name.substr(0, name.rfind('.'));
      squeeze.reduce = AddConv(of_block + ".se.fc1", block.squeeze->reduce, {1, 1});
      squeeze.expand = AddConv(of_block + ".se.fc2", block.squeeze->expand, {1, 1});
      squeeze.after = activation_;
      layer.squeeze = static_cast<int>(plan_.squeezes.size());
      plan_.squeezes.push_back(squeeze);
    }
    const ConvShape& shape = plan_.conv_of(plan_.units[number]).shape;
    size = {shape.out_height(), shape.out_width()};
    before = number;
  }
  JoinStep join{.unit = before, .after = AfterUnit(block.units.back())};
  LowerShortcut(block, plan_.layers[first], join);
  AddJoin(join);
}

void Lowering::LowerLast(const UnitPlan& last) {
  const int unit = AddUnit(last, size_);
  AddLayer(unit).join = last_join();
  AddJoin({.unit = unit, .after = AfterUnit(last)});
}

void Lowering::LowerHead() {
  const LinearPlan& linear = plan_.network->head;
  plan_.head.join = last_join();
  plan_.head.conv = AddConv(
      "fc", {.in = linear.in, .out = linear.out, .weight = linear.weight, .bias = linear.bias},
      {1, 1});
}

void Lowering::LowerNetwork() {
  LowerStem();
  for (const BlockPlan& block : plan_.network->blocks) LowerBlock(block);
  if (plan_.network->last) LowerLast(*plan_.network->last);
  LowerHead();
}

void Lowering::ChooseKernels(LayerStep& layer, int bands) {
  layer.bands = bands;
  for (const int unit : layer.units) {
    ConvStep& conv = plan_.convs[plan_.units[unit].conv];
    ConvShape band = conv.shape;
    band.height /= bands;
    conv.kernel = MakeConvKernel(band, ConvAccuracy::kDirect);
  }
}

// Whether the layer's kernels read beside its bands what they must.
bool Lowering::CanRun(const LayerStep& layer) const {
  return layer.bands == 1 || std::ranges::all_of(layer.units, [&](int unit) {
           const ConvStep& conv = plan_.conv_of(plan_.units[unit]);
           const ConvKernel& kernel = *conv.kernel;
           return conv.shape.kernel == 1 ||
                  (kernel.reads_x_margins() && (kernel.reads_dy_margins() || layer.reads_images()));
         });
}

void Lowering::ChooseKernels() {
  for (LayerStep& layer : plan_.layers) {
    ChooseKernels(layer, MostBands(plan_, layer));
    if (!CanRun(layer)) ChooseKernels(layer, /*bands=*/1);
  }
  for (ConvStep& conv : plan_.convs) {
    if (!conv.kernel) conv.kernel = MakeConvKernel(conv.shape, ConvAccuracy::kDirect);
  }
}

// Gives every value that lives from one phase to another its buffer.
class Lifetimes {
 public:
  explicit Lifetimes(StepPlan& plan) : plan_(plan), head_(static_cast<int>(plan.layers.size())) {}

  void AddBuffers() {
    // A join's value is read by the layer behind it, or by the head.
    std::vector<int> reader(plan_.joins.size(), head_);
    std::vector<int> first(plan_.joins.size());  // layer of its block
    for (int l = 0; l < head_; ++l) {
      const LayerStep& layer = plan_.layers[l];
      if (layer.join >= 0) reader[layer.join] = l;
      AddInside(layer, l);
    }
    for (size_t j = 0; j < plan_.joins.size(); ++j) {
      first[j] = j == 0 ? 0 : reader[j - 1];
      AddJoin(plan_.joins[j], first[j], reader[j]);
    }
    plan_.buffers.Place();
  }

 private:
  int Backward(int layer) const { return 2 * head_ - layer; }
  // The last phase that reads what a layer's forward phase, or one up to `reader`, needs.
  int Last(int layer, int reader) const { return plan_.learns ? Backward(layer) : reader; }

  BufferId Add(const std::string& name, size_t floats, int from, int to) {
    return plan_.buffers.Add(name, floats, from, to);
  }

  // Outputs of a layer's units, gradient of the unit it reads, what its squeeze computed.
  void AddInside(const LayerStep& layer, int l) {
    if (layer.unit >= 0) {
      UnitStep& read = plan_.units[layer.unit];
      const ConvStep& conv = plan_.conv_of(read);
      read.output = Add(conv.name + " output", conv.out_floats(), l - 1, Last(l - 1, l));
      if (plan_.learns) {
        read.gradient =
            Add(conv.name + " gradient", conv.out_floats(), Backward(l), Backward(l - 1));
      }
    }
    if (layer.squeeze < 0) return;
    SqueezeStep& squeeze = plan_.squeezes[layer.squeeze];
    const ConvStep& reduce = plan_.convs[squeeze.reduce];
    squeeze.mean = Add(reduce.name + " mean", reduce.shape.in, l, Last(l, l));
    squeeze.hidden = Add(reduce.name + " hidden", reduce.shape.out, l, Last(l, l));
    squeeze.gate = Add(reduce.name + " gate", reduce.shape.in, l, Last(l, l));
  }

  void AddJoin(JoinStep& join, int first, int reader) {
    UnitStep& unit = plan_.units[join.unit];
    const ConvStep& conv = plan_.conv_of(unit);
    const int last_layer = reader - 1;
    unit.output =
        Add(conv.name + " output", conv.out_floats(), last_layer, Last(last_layer, reader));
    const bool residual = join.projection >= 0 || join.shortcut >= 0;
    // Before an identity its value is read once more, with those behind the block.
    const bool is_shortcut = reader < head_ && NextShortcut(join);
    const bool slow = residual || join.pooled || join.after == RowActivation::kSwish;
    if (is_shortcut || (slow && plan_.learns && reader < head_)) {
      const int next = is_shortcut ? NextReader(join) : reader;
      const size_t floats = join.pixels * static_cast<size_t>(conv.shape.out);
      join.value = Add(conv.name + " value", floats, reader, Last(reader, next));
    }
    if (join.projection >= 0) {
      UnitStep& projection = plan_.units[join.projection];
      const ConvStep& of_shortcut = plan_.conv_of(projection);
      projection.output =
          Add(of_shortcut.name + " output", of_shortcut.out_floats(), first, Last(first, reader));
    }
    if (!plan_.learns) return;
    join.gradient = Add(conv.name + " join gradient", conv.out_floats(), Backward(reader),
                        Backward(residual ? first : last_layer));
    unit.gradient = join.gradient;
    if (join.projection >= 0) plan_.units[join.projection].gradient = join.gradient;
  }

  size_t NumberOf(const JoinStep& join) const {
    return static_cast<size_t>(&join - plan_.joins.data());
  }
  bool NextShortcut(const JoinStep& join) const {
    const size_t next = NumberOf(join) + 1;
    return next < plan_.joins.size() && plan_.joins[next].shortcut >= 0;
  }
  // The layer, or the head, that reads the join behind this one.
  int NextReader(const JoinStep& join) const {
    const int next = static_cast<int>(NumberOf(join)) + 1;
    for (int l = 0; l < head_; ++l) {
      if (plan_.layers[l].join == next) return l;
    }
    return head_;
  }

  StepPlan& plan_;
  const int head_;  // number of layers
};

// So many that they fill a processor's threads, so few that what is cleared and added up of large
// weights stays in the cache.
int GradientChunks(int images, size_t gradient_floats) {
  constexpr size_t kMostFloats = size_t{1} << 20;
  constexpr size_t kFewest = 4;
  const size_t fitting = std::max(kFewest, kMostFloats / std::max<size_t>(1, gradient_floats));
  return static_cast<int>(std::min<size_t>({kMostChunks, fitting, static_cast<size_t>(images)}));
}

// Places gradients of the phases' chunks, each phase's from 0 on.
void PlaceGradients(StepPlan& plan) {
  const auto place = [&](int conv, size_t& floats) {
    plan.convs[conv].gradient = floats;
    floats += FloatArray::Rounded(plan.convs[conv].gradient_floats());
  };
  const auto count = [&](size_t floats) {
    const int chunks = GradientChunks(plan.images, floats);
    plan.gradient_floats = std::max(plan.gradient_floats, floats * chunks);
    return chunks;
  };
  for (LayerStep& layer : plan.layers) {
    for (const int unit : layer.units) layer.convs.push_back(plan.units[unit].conv);
    if (layer.squeeze >= 0) {
      layer.convs.push_back(plan.squeezes[layer.squeeze].reduce);
      layer.convs.push_back(plan.squeezes[layer.squeeze].expand);
    }
    for (const int conv : layer.convs) place(conv, layer.gradient_floats);
    layer.chunks = count(layer.gradient_floats);
  }
  size_t of_head = 0;
  place(plan.head.conv, of_head);
  plan.head.chunks = count(of_head);
}

// Large weights are read once for several images.
void GroupHeadImages(StepPlan& plan) {
  constexpr int kMost = 8;
  HeadStep& head = plan.head;
  head.images = std::min(kMost, LargestPart(plan.images, head.chunks));
  ConvShape shape = plan.convs[head.conv].shape;
  shape.width = head.images;
  head.kernel = MakeConvKernel(shape, ConvAccuracy::kDirect);
  assert(head.kernel->name() == plan.convs[head.conv].kernel->name());
  const size_t widest = std::max(shape.in, shape.out);
  plan.image_floats = std::max(plan.image_floats, widest * head.images);
  plan.kernel_floats = std::max(plan.kernel_floats, head.kernel->scratch_floats());
}

void MeasureMemory(StepPlan& plan) {
  for (ConvStep& conv : plan.convs) {
    conv.packed = plan.packed_floats;
    plan.packed_floats += FloatArray::Rounded(conv.kernel->packed_floats());
    plan.kernel_floats = std::max(plan.kernel_floats, conv.kernel->scratch_floats());
    plan.image_floats = std::max({plan.image_floats, conv.in_floats(), conv.out_floats()});
    plan.channels = std::max({plan.channels, conv.shape.in, conv.shape.out});
  }
  for (const UnitStep& unit : plan.units) plan.norm_bytes += Norm::Bytes(unit.norm->channels);
  for (const ParameterPlan& parameter : plan.network->parameters) {
    plan.learned_floats += FloatArray::Rounded(static_cast<size_t>(parameter.elements()));
  }
  plan.image_floats = FloatArray::Rounded(plan.image_floats) + FloatArray::kVector;
  plan.kernel_floats = FloatArray::Rounded(plan.kernel_floats);
}

}  // namespace

int64_t ConvStep::multiply_adds() const {
  return static_cast<int64_t>(pixels()) * shape.out * (shape.in / shape.groups) * shape.kernel *
         shape.kernel;
}

StepPlan PlanStep(const NetworkPlan& network, int images, bool learns) {
  StepPlan plan;
  plan.network = &network;
  plan.images = images;
  plan.learns = learns;
  Lowering lowering(plan);
  lowering.LowerNetwork();
  lowering.ChooseKernels();
  Lifetimes(plan).AddBuffers();
  ListPhaseBuffers(plan);
  PlaceGradients(plan);
  if (learns) GroupHeadImages(plan);
  MeasureMemory(plan);
  return plan;
}

size_t StepPlan::pixel_bytes() const {
  const ConvShape& shape = convs[units[layers.front().units.front()].conv].shape;
  return static_cast<size_t>(images) * shape.height * shape.width * shape.in;
}

size_t StepPlan::shared_bytes() const {
  size_t floats = buffers.floats() * static_cast<size_t>(images) + packed_floats + learned_floats;
  if (learns) floats += gradient_floats + 2 * learned_floats;
  return floats * sizeof(float) + norm_bytes + pixel_bytes();
}

}  // namespace dse::native
