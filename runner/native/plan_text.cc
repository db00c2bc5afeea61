#include "runner/native/plan_text.h"

#include <vector>

#include "core/text_table.h"
#include "core/units.h"

namespace dse::native {
namespace {

std::string BytesText(size_t bytes) { return FormatCount(static_cast<double>(bytes)) + "B"; }
std::string Bytes(size_t floats) { return BytesText(floats * sizeof(float)); }

std::string SizeText(int height, int width, int channels) {
  return std::to_string(height) + "x" + std::to_string(width) + "x" + std::to_string(channels);
}

// "32x32x16 -> 16x16x24, 3x3 /2, 3 groups".
std::string ShapeText(const ConvShape& shape) {
  std::string text = SizeText(shape.height, shape.width, shape.in) + " -> " +
                     SizeText(shape.out_height(), shape.out_width(), shape.out) + ", " +
                     std::to_string(shape.kernel) + "x" + std::to_string(shape.kernel);
  if (shape.stride != 1) text += " /" + std::to_string(shape.stride);
  if (shape.groups != 1) text += ", " + std::to_string(shape.groups) + " groups";
  return text;
}

// "block1-0.f.a" of "trunk_output.block1.block1-0.f.a"; behind the first of a phase "proj", "fc1".
std::string ShortName(const std::string& name, bool first) {
  if (!first) return name.substr(name.rfind('.') + 1);
  const size_t block = name.find(".block", name.find('.') + 1);
  return block == name.npos ? name : name.substr(block + 1);
}

// Rows of a plan's table, a phase each.
class PhaseRows {
 public:
  explicit PhaseRows(const StepPlan& plan) : plan_(plan) {
    rows_.push_back({"", "phase", "", "", "leaves", "mult-adds", "kernel"});
  }

  std::vector<std::vector<std::string>> Rows() {
    for (const LayerStep& layer : plan_.layers) AddLayer("forward", layer, 1);
    Add("head", {plan_.head.conv}, plan_.learns ? 3 : 1);
    if (plan_.learns) {
      for (size_t l = plan_.layers.size(); l-- > 0;) {
        const LayerStep& layer = plan_.layers[l];
        AddLayer("backward", layer, l == 0 ? 1 : 2);
      }
    }
    return std::move(rows_);
  }

 private:
  void AddLayer(const char* what, const LayerStep& layer, int passes) {
    Add(what, layer.convs, passes);
    if (layer.bands > 1) rows_.back().back() += " in " + std::to_string(layer.bands) + " bands";
  }

  // `passes`: how often the convolutions' multiply-adds are done.
  void Add(const char* what, const std::vector<int>& convs, int passes) {
    std::string names, shapes, kernels;
    int64_t multiply_adds = 0;
    for (const int number : convs) {
      const ConvStep& conv = plan_.convs[number];
      const char* separator = names.empty() ? "" : " + ";
      names += separator + ShortName(conv.name, /*first=*/names.empty());
      shapes += separator + ShapeText(conv.shape);
      kernels += separator + conv.kernel->name();
      multiply_adds += passes * conv.multiply_adds();
    }
    const int phase = static_cast<int>(rows_.size()) - 1;
    rows_.push_back({FormatNumber("%3.0f", phase), what, names, shapes, Bytes(FloatsOf(phase)),
                     FormatCount(static_cast<double>(multiply_adds)), kernels});
  }

  // Of an image, that a phase writes for others.
  size_t FloatsOf(int phase) const {
    size_t floats = 0;
    for (const Buffer& buffer : plan_.buffers.all()) {
      if (buffer.first == phase && buffer.last > phase) floats += buffer.floats;
    }
    return floats;
  }

  const StepPlan& plan_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace

std::string PlanText(const StepPlan& plan) {
  const auto images = static_cast<size_t>(plan.images);
  TableLayout layout;
  layout.left = 4;
  size_t unshared = 0;
  for (const Buffer& buffer : plan.buffers.all()) unshared += buffer.floats;
  std::string text =
      "  plan for " + std::to_string(plan.images) + " images: " + std::to_string(plan.phases()) +
      " phases, values of " + Bytes(plan.buffers.floats()) + " an image (" + Bytes(unshared) +
      " without sharing), " + Bytes(plan.buffers.floats() * images) +
      " for all,\n  packed weights " + Bytes(plan.packed_floats) + ", sums of gradients " +
      Bytes(plan.gradient_floats) + ", " +
      (plan.learns ? "parameters, gradients and momenta " + Bytes(3 * plan.learned_floats)
                   : "parameters " + Bytes(plan.learned_floats)) +
      ",\n  normalisations " + BytesText(plan.norm_bytes) + ", images " +
      BytesText(plan.pixel_bytes()) + "; " + BytesText(plan.shared_bytes()) + " together and " +
      Bytes(plan.worker_floats()) + " a thread\n";
  return text + TextTable(PhaseRows(plan).Rows(), layout);
}

std::string PlanText(const Model& model, int images) {
  const NetworkPlan network = PlanNetwork(model);
  return PlanText(PlanStep(network, images, /*learns=*/true));
}

}  // namespace dse::native
