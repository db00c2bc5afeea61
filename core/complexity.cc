#include "core/complexity.h"

#include <type_traits>

namespace dse {
namespace {

// A tensor of size x size pixels.
struct Shape {
  int64_t width;  // channels
  int64_t size;
};

// The size a convolution or pooling leaves: (size - 1) / stride + 1 for strides 1 and 2.
int64_t Strided(int64_t size, int stride) { return stride == 1 ? size : (size + 1) / 2; }

// Counts one operator after another and follows the shape. The weights and the output channels of
// convolutions of one size are summed first and multiplied by its pixels once. No groups are
// divided by: a resolved group width divides the width exactly.
class Counter {
 public:
  explicit Counter(Shape input) : shape_(input) {}

  // Every convolution has its batch norm.
  void Convolution(int64_t kernel, int64_t width_out, int stride = 1) {
    GroupConvolution(kernel, shape_.width, width_out, stride);
  }
  // Each output channel sees `group_width` input channels.
  void GroupConvolution(int64_t kernel, int64_t group_width, int64_t width_out, int stride) {
    Shrink(stride);
    shape_.width = width_out;
    weights_ += kernel * kernel * group_width * width_out;
    channels_ += width_out;
  }
  // The 1x1 convolution that brings a shortcut from `width_in` channels to the present shape.
  void Projection(int64_t width_in) {
    weights_ += width_in * shape_.width;
    channels_ += shape_.width;
  }
  void MaxPool(int stride) {
    Shrink(stride);
    total_.acts += shape_.width * shape_.size * shape_.size;
  }
  // From 1x1 to 1x1, with biases and without batch norm.
  void SqueezeExcitation(int64_t squeeze_width) {
    AddDense(shape_.width, squeeze_width);
    AddDense(squeeze_width, shape_.width);
  }
  void Linear(int64_t width_out) { AddDense(shape_.width, width_out); }

  Complexity Total() {
    Settle();
    return total_;
  }
  const Shape& shape() const { return shape_; }

 private:
  void Shrink(int stride) {
    if (stride == 1) return;
    Settle();
    shape_.size = Strided(shape_.size, stride);
  }
  void Settle() {
    const int64_t pixels = shape_.size * shape_.size;
    total_.flops += weights_ * pixels;
    total_.params += weights_ + 2 * channels_;
    total_.acts += channels_ * pixels;
    weights_ = 0;
    channels_ = 0;
  }
  void AddDense(int64_t width_in, int64_t width_out) {
    const int64_t weights = width_in * width_out + width_out;
    total_.flops += weights;
    total_.params += weights;
    total_.acts += width_out;
  }

  Shape shape_;
  Complexity total_;
  int64_t weights_ = 0;   // of convolutions to shape_.size that are not in the total yet
  int64_t channels_ = 0;  // and their output channels
};

Counter CountStem(const Frame& frame) {
  Counter counter({3, frame.resolution});
  switch (frame.stem) {
    case StemType::kSimple:
    case StemType::kEfficientnet:
      counter.Convolution(3, frame.stem_width, 2);
      break;
    case StemType::kCifar:
      counter.Convolution(3, frame.stem_width);
      break;
    case StemType::kResnet:
      counter.Convolution(7, frame.stem_width, 2);
      counter.MaxPool(2);
      break;
  }
  return counter;
}

Complexity Difference(Complexity after, const Complexity& before) {
  after.flops -= before.flops;
  after.params -= before.params;
  after.acts -= before.acts;
  return after;
}

void CountMobileBlock(const Frame& frame, const Stage& stage, int stride, Counter& counter) {
  const int64_t input = counter.shape().width;
  const int64_t expanded = input * stage.expansion;
  if (stage.expansion != 1) counter.Convolution(1, expanded);
  counter.GroupConvolution(stage.kernel, 1, expanded, stride);
  if (frame.se_ratio > 0) {
    counter.SqueezeExcitation(static_cast<int64_t>(static_cast<double>(input) * frame.se_ratio));
  }
  counter.Convolution(1, stage.width);
}

// One block with its shortcut. `inner` is InnerWidth(stage). Inlined with the block's type known,
// it is a few products without a jump: twice as fast, and the compiler does not see that.
template <BlockType kBlock>
[[gnu::always_inline]] inline Complexity CountBlock(const Frame& frame, const Stage& stage,
                                                    int64_t inner, int stride, Shape input) {
  Counter counter(input);
  switch (kBlock) {
    case BlockType::kX:
    case BlockType::kY:
    case BlockType::kR:
      counter.Convolution(1, inner);
      counter.GroupConvolution(3, HasGroups(kBlock) ? stage.group_width : inner, inner, stride);
      if (kBlock == BlockType::kY) {
        counter.SqueezeExcitation(SqueezeWidth(frame, static_cast<int>(input.width)));
      }
      counter.Convolution(1, stage.width);
      break;
    case BlockType::kV:
    case BlockType::kVR:
      counter.Convolution(3, stage.width, stride);
      break;
    case BlockType::kBasic:
      counter.Convolution(3, stage.width, stride);
      counter.Convolution(3, stage.width);
      break;
    case BlockType::kMBConv:
      CountMobileBlock(frame, stage, stride, counter);
      break;
  }
  if (HasProjection(kBlock) && (stride != 1 || input.width != stage.width)) {
    counter.Projection(input.width);
  }
  return counter.Total();
}

// Inlined for the same reason.
template <BlockType kBlock>
[[gnu::always_inline]] inline StageComplexity CountStage(const Frame& frame, const Stage& stage,
                                                         Shape input) {
  const int64_t inner = HasBottleneck(kBlock) ? InnerWidth(stage) : stage.width;
  const Shape output = {stage.width, Strided(input.size, stage.stride)};
  StageComplexity result;
  result.output_resolution = static_cast<int>(output.size);
  result.first = CountBlock<kBlock>(frame, stage, inner, stage.stride, input);
  result.total = result.first;
  if (stage.depth > 1) {
    result.others = CountBlock<kBlock>(frame, stage, inner, 1, output);
    const int64_t others = stage.depth - 1;
    result.total.flops += result.others.flops * others;
    result.total.params += result.others.params * others;
    result.total.acts += result.others.acts * others;
  }
  return result;
}

Complexity CountHead(const Frame& frame, Shape input) {
  Counter counter(input);
  if (frame.head_width > 0) counter.Convolution(1, frame.head_width);
  counter.Linear(frame.classes);
  return counter.Total();
}

// Walks the network and, where `counted` is given, leaves each of its stages there.
template <BlockType kBlock>
Complexity WalkOf(const Frame& frame, std::span<const Stage> stages, StageComplexity* counted) {
  Counter stem = CountStem(frame);
  Complexity total = stem.Total();
  Shape shape = stem.shape();
  for (const Stage& stage : stages) {
    const StageComplexity part = CountStage<kBlock>(frame, stage, shape);
    total += part.total;
    shape = {stage.width, part.output_resolution};
    if (counted) *counted++ = part;
  }
  total += CountHead(frame, shape);
  return total;
}

// Calls `f` with the block's type as a constant.
template <typename F>
auto WithBlock(BlockType block, F f) {
  using enum BlockType;
  switch (block) {
    case kX:
      return f(std::integral_constant<BlockType, kX>());
    case kY:
      return f(std::integral_constant<BlockType, kY>());
    case kR:
      return f(std::integral_constant<BlockType, kR>());
    case kV:
      return f(std::integral_constant<BlockType, kV>());
    case kVR:
      return f(std::integral_constant<BlockType, kVR>());
    case kBasic:
      return f(std::integral_constant<BlockType, kBasic>());
    default:
      return f(std::integral_constant<BlockType, kMBConv>());
  }
}

Complexity Walk(const Frame& frame, std::span<const Stage> stages, StageComplexity* counted) {
  return WithBlock(frame.block,
                   [&](auto block) { return WalkOf<block()>(frame, stages, counted); });
}

}  // namespace

Complexity CountComplexity(const Frame& frame, std::span<const Stage> stages) {
  return Walk(frame, stages, nullptr);
}

Complexity CountComplexity(const Model& model) {
  return CountComplexity(model.frame, model.stages);
}

std::optional<StageFlops> FlopsOfStage(const Frame& frame, const Stage& stage,
                                       int input_resolution) {
  if (HasSqueeze(frame.block)) return {};
  // Two input widths other than the stage's own tell the line.
  Stage blocks = stage;
  const auto first = [&](int64_t width) {
    return WithBlock(frame.block, [&](auto block) {
      return CountStage<block()>(frame, blocks, {width, input_resolution}).total.flops;
    });
  };
  blocks.depth = 1;
  const int64_t width = stage.width + 1;
  StageFlops flops;
  flops.first_per_input = first(width + 1) - first(width);
  flops.first = first(width) - flops.first_per_input * width;
  const int64_t one = first(width);
  blocks.depth = 2;
  flops.repeated = first(width) - one;
  return flops;
}

PartialFlops::PartialFlops(const Frame& frame) : frame_(&frame) {
  Counter stem = CountStem(frame);
  flops_ = stem.Total().flops;
  width_ = stem.shape().width;
  resolution_ = stem.shape().size;
}

void PartialFlops::Add(const Stage& stage) {
  const Shape input = {width_, resolution_};
  const Shape output = {stage.width, Strided(resolution_, stage.stride)};
  flops_ += WithBlock(frame_->block, [&](auto block) {
    // Only flops are used of what is counted, so the compiler leaves the rest out.
    const int64_t inner = HasBottleneck(block()) ? InnerWidth(stage) : stage.width;
    return CountBlock<block()>(*frame_, stage, inner, stage.stride, input).flops +
           CountBlock<block()>(*frame_, stage, inner, 1, output).flops * (stage.depth - 1);
  });
  width_ = output.width;
  resolution_ = output.size;
}

int64_t PartialFlops::WithHead() const {
  return flops_ + CountHead(*frame_, {width_, resolution_}).flops;
}

ComplexityBreakdown BreakDownComplexity(const Model& model) {
  ComplexityBreakdown result;
  Counter stem = CountStem(model.frame);
  result.stem_resolution = static_cast<int>(stem.shape().size);
  result.stem = stem.Total();
  result.stages.resize(model.stages.size());
  result.total = Walk(model.frame, model.stages, result.stages.data());
  Complexity before_head = result.stem;
  for (const StageComplexity& stage : result.stages) before_head += stage.total;
  result.head = Difference(result.total, before_head);
  return result;
}

}  // namespace dse
