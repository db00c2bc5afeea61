#include "core/complexity.h"

namespace dse {
namespace {

// Counts one operator after another and follows width and resolution.
class Counter {
 public:
  Counter(int64_t width, int64_t resolution) : width_(width), size_(resolution) {}

  void Convolution(int64_t kernel, int64_t width_out, int64_t stride, int64_t groups = 1,
                   bool bias = false) {
    size_ = (size_ - 1) / stride + 1;
    const int64_t pixels = size_ * size_;
    const int64_t weights = kernel * kernel * width_ * width_out;
    total_.flops += weights * pixels / groups + (bias ? width_out * pixels : 0);
    total_.params += weights / groups + (bias ? width_out : 0);
    total_.acts += width_out * pixels;
    width_ = width_out;
  }
  void Norm() { total_.params += 2 * width_; }
  void ConvolutionNorm(int64_t kernel, int64_t width_out, int64_t stride, int64_t groups = 1) {
    Convolution(kernel, width_out, stride, groups);
    Norm();
  }
  void MaxPool(int64_t stride) {
    size_ = (size_ - 1) / stride + 1;
    total_.acts += width_ * size_ * size_;
  }
  void SqueezeExcitation(int64_t squeeze_width) {
    const int64_t width = width_;
    const int64_t size = size_;
    size_ = 1;
    Convolution(1, squeeze_width, 1, 1, true);
    Convolution(1, width, 1, 1, true);
    size_ = size;
  }
  void Linear(int64_t width_out) {
    total_.flops += width_ * width_out + width_out;
    total_.params += width_ * width_out + width_out;
    total_.acts += width_out;
    width_ = width_out;
  }

  const Complexity& total() const { return total_; }
  int64_t width() const { return width_; }
  int64_t size() const { return size_; }

 private:
  int64_t width_;
  int64_t size_;
  Complexity total_;
};

Counter CountStem(const Frame& frame) {
  Counter counter(3, frame.resolution);
  switch (frame.stem) {
    case StemType::kSimple:
    case StemType::kEfficientnet:
      counter.ConvolutionNorm(3, frame.stem_width, 2);
      break;
    case StemType::kCifar:
      counter.ConvolutionNorm(3, frame.stem_width, 1);
      break;
    case StemType::kResnet:
      counter.ConvolutionNorm(7, frame.stem_width, 2);
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
  const int64_t input = counter.width();
  const int64_t expanded = input * stage.expansion;
  if (stage.expansion != 1) counter.ConvolutionNorm(1, expanded, 1);
  counter.ConvolutionNorm(stage.kernel, expanded, stride, expanded);
  if (frame.se_ratio > 0) {
    counter.SqueezeExcitation(static_cast<int64_t>(static_cast<double>(input) * frame.se_ratio));
  }
  counter.ConvolutionNorm(1, stage.width, 1);
}

// One block with its shortcut, from the counter's width and resolution.
Complexity CountBlock(const Frame& frame, const Stage& stage, int stride, int64_t width,
                      int64_t size) {
  Counter main(width, size);
  switch (frame.block) {
    case BlockType::kX:
    case BlockType::kY:
    case BlockType::kR: {
      const int inner = InnerWidth(stage);
      main.ConvolutionNorm(1, inner, 1);
      main.ConvolutionNorm(3, inner, stride, Groups(frame.block, stage));
      if (frame.block == BlockType::kY) {
        main.SqueezeExcitation(SqueezeWidth(frame.se_ratio, static_cast<int>(width)));
      }
      main.ConvolutionNorm(1, stage.width, 1);
      break;
    }
    case BlockType::kV:
    case BlockType::kVR:
      main.ConvolutionNorm(3, stage.width, stride);
      break;
    case BlockType::kBasic:
      main.ConvolutionNorm(3, stage.width, stride);
      main.ConvolutionNorm(3, stage.width, 1);
      break;
    case BlockType::kMBConv:
      CountMobileBlock(frame, stage, stride, main);
      break;
  }
  Complexity total = main.total();
  if (HasProjection(frame.block) && (stride != 1 || width != stage.width)) {
    Counter shortcut(width, size);
    shortcut.ConvolutionNorm(1, stage.width, stride);
    total += shortcut.total();
  }
  return total;
}

StageComplexity CountStage(const Frame& frame, const Stage& stage, int64_t width, int64_t size) {
  StageComplexity result;
  const int64_t output = (size - 1) / stage.stride + 1;
  result.output_resolution = static_cast<int>(output);
  result.first = CountBlock(frame, stage, stage.stride, width, size);
  result.total = result.first;
  if (stage.depth > 1) {
    result.others = CountBlock(frame, stage, 1, stage.width, output);
    const int64_t others = stage.depth - 1;
    result.total.flops += result.others.flops * others;
    result.total.params += result.others.params * others;
    result.total.acts += result.others.acts * others;
  }
  return result;
}

Complexity CountHead(const Frame& frame, int64_t width, int64_t size) {
  Counter counter(width, size);
  if (frame.head_width > 0) counter.ConvolutionNorm(1, frame.head_width, 1);
  counter.Linear(frame.classes);
  return counter.total();
}

// Walks the network; `on_stage(index, StageComplexity)` sees each stage.
template <typename OnStage>
Complexity Walk(const Frame& frame, std::span<const Stage> stages, OnStage on_stage) {
  const Counter stem = CountStem(frame);
  Complexity total = stem.total();
  int64_t width = stem.width();
  int64_t size = stem.size();
  for (const Stage& stage : stages) {
    const StageComplexity counted = CountStage(frame, stage, width, size);
    total += counted.total;
    width = stage.width;
    size = counted.output_resolution;
    on_stage(counted);
  }
  total += CountHead(frame, width, size);
  return total;
}

}  // namespace

Complexity CountComplexity(const Frame& frame, std::span<const Stage> stages) {
  return Walk(frame, stages, [](const StageComplexity&) {});
}

Complexity CountComplexity(const Model& model) {
  return CountComplexity(model.frame, model.stages);
}

PartialFlops::PartialFlops(const Frame& frame) : frame_(&frame) {
  const Counter stem = CountStem(frame);
  width_ = stem.width();
  resolution_ = stem.size();
  flops_ = stem.total().flops;
}

void PartialFlops::Add(const Stage& stage) {
  const StageComplexity counted = CountStage(*frame_, stage, width_, resolution_);
  flops_ += counted.total.flops;
  width_ = stage.width;
  resolution_ = counted.output_resolution;
}

int64_t PartialFlops::WithHead() const {
  return flops_ + CountHead(*frame_, width_, resolution_).flops;
}

ComplexityBreakdown BreakDownComplexity(const Model& model) {
  ComplexityBreakdown result;
  const Counter stem = CountStem(model.frame);
  result.stem_resolution = static_cast<int>(stem.size());
  result.stem = stem.total();
  Complexity before_head = result.stem;
  result.total = Walk(model.frame, model.stages, [&](const StageComplexity& stage) {
    result.stages.push_back(stage);
    before_head += stage.total;
  });
  result.head = Difference(result.total, before_head);
  return result;
}

}  // namespace dse
