#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "analysis/fit/quantized_linear_fit.h"
#include "analysis/fit/refined_fit.h"
#include "analysis/report/network_drawing.h"
#include "cli/command.h"
#include "cli/model_lines.h"
#include "cli/options.h"
#include "cli/output.h"
#include "core/printable.h"
#include "core/units.h"
#include "runner/native/plan_text.h"

namespace dse {
namespace {

struct InspectOptions {
  std::vector<std::string> models;  // names, files, or "-"
  bool json = false;                // a line per network
  bool refine = false;              // the fit over continuous parameters
  bool plan = false;                // of a training step on the CPU
  int plan_batch = 128;             // images of that step
  std::string svg;                  // "" = no drawing
};

bool ReadOptions(std::span<const std::string> args, InspectOptions& options) {
  OptionParser parser(
      "inspect MODEL ... [--json] [--refine] [--plan] [--svg FILE]",
      "Structure, exact complexity and quantized linear fit of networks. A MODEL is a "
      "name such as regnetx-400mf,\na file with a model document or JSON Lines, or - "
      "for JSON Lines on standard input.");
  parser.Positional("MODEL", &options.models, "names, files or -");
  parser.Flag("json", &options.json, "one JSON line per network, in order");
  parser.Flag("refine", &options.refine,
              "fit over continuous w0, wa in 8..256 and wm in 1.5..3, not over their grid alone");
  parser.Flag("plan", &options.plan,
              "what the native engine computes in a training step, phase by phase, and its memory");
  parser.Int("plan-batch", "N", &options.plan_batch, 2, 65536, "images of that step (default 128)");
  parser.Text("svg", "FILE", &options.svg,
              "draw the networks: the width of every block, dashed the widths of the fit");
  parser.Require("MODEL");
  if (!parser.Parse(args)) return false;
  if (options.plan && options.json) throw UsageError("--plan and --json exclude each other");
  return true;
}

NetworkSketch SketchOf(const Model& model, const Fit& fit) {
  NetworkSketch sketch;
  sketch.title = model.name.empty() ? ModelHash(model) : model.name;
  sketch.title += ", " + FormatCount(static_cast<double>(CountComplexity(model).flops)) + " flops";
  sketch.details = "widths";
  for (const Stage& stage : model.stages) {
    sketch.details += " " + std::to_string(stage.width);
    sketch.depths.push_back(stage.depth);
  }
  char e_fit[32];
  std::snprintf(e_fit, sizeof e_fit, ", e_fit %.4f", fit.e_fit);
  sketch.details += e_fit;
  sketch.widths = BlockWidths(model);
  sketch.fit = fit;
  return sketch;
}

void PrintRow(const std::string& what, const std::string& shape, const std::string& size,
              const Complexity& c) {
  std::printf("  %-7s %-34s %5s %15lld %12lld %12lld\n", what.c_str(), shape.c_str(), size.c_str(),
              static_cast<long long>(c.flops), static_cast<long long>(c.params),
              static_cast<long long>(c.acts));
}

std::string StageShape(const Frame& frame, const Stage& stage) {
  std::string shape = std::to_string(stage.depth) + " x " + std::to_string(stage.width);
  if (stage.stride != 1) shape += " /" + std::to_string(stage.stride);
  if (HasBottleneck(frame.block)) shape += ", b " + Number(stage.bottleneck).dump();
  if (HasGroups(frame.block)) shape += ", g " + std::to_string(stage.group_width);
  if (frame.block == BlockType::kMBConv) {
    shape += ", k " + std::to_string(stage.kernel) + ", expand " + std::to_string(stage.expansion);
  }
  return shape;
}

void PrintModel(const Model& model, const RefinedFit& refined) {
  const Frame& frame = model.frame;
  const ComplexityBreakdown parts = BreakDownComplexity(model);
  std::printf("%s%s%s: block %s, depth %d, %d px, %d classes, %s\n", Printable(model.name).c_str(),
              model.name.empty() ? "" : " ", ModelHash(model).c_str(),
              TextOf<BlockType>(frame.block, kBlockWords), TotalDepth(model), frame.resolution,
              frame.classes, TextOf<Activation>(frame.activation, kActivationWords));
  if (model.regnet) {
    std::printf("  RegNet: w0 %s, wa %s, wm %s\n", FormatDouble(model.regnet->w0).c_str(),
                FormatDouble(model.regnet->wa).c_str(), FormatDouble(model.regnet->wm).c_str());
  }
  std::printf("  %-7s %-34s %5s %15s %12s %12s\n", "", "blocks x width /stride", "size", "flops",
              "params", "acts");
  PrintRow("stem",
           TextOf<StemType>(frame.stem, kStemWords) + (" " + std::to_string(frame.stem_width)),
           std::to_string(parts.stem_resolution), parts.stem);
  for (size_t i = 0; i < model.stages.size(); ++i) {
    PrintRow("stage " + std::to_string(i + 1), StageShape(frame, model.stages[i]),
             std::to_string(parts.stages[i].output_resolution), parts.stages[i].total);
  }
  PrintRow("head", "", "1", parts.head);
  PrintRow("total", "", "", parts.total);
  const Fit& fit = refined.fit;
  std::printf("  fit     w0 %s, wa %s, wm %s, e_fit %.4f%s\n\n", FormatDouble(fit.w0).c_str(),
              FormatDouble(fit.wa).c_str(), FormatDouble(fit.wm).c_str(), fit.e_fit,
              refined.proven ? "" : " (not proven to be the smallest)");
}

}  // namespace

int RunInspect(std::span<const std::string> args) {
  InspectOptions options;
  if (!ReadOptions(args, options)) return kExitOk;
  std::vector<NetworkSketch> sketches;
  for (const auto& [model, overrides] : ReadModels(options.models, std::cin)) {
    const std::vector<int> widths = BlockWidths(model);
    RefinedFit fit = {FitQuantizedLinear(widths), true};  // the smallest of its grid
    if (options.refine) fit = RefineQuantizedLinear(widths, fit.fit);
    if (options.json) {
      std::cout << InspectLine(model, fit.fit) << '\n';
    } else {
      PrintModel(model, fit);
    }
    if (options.plan) std::cout << native::PlanText(model, options.plan_batch) << '\n';
    if (!options.svg.empty()) sketches.push_back(SketchOf(model, fit.fit));
  }
  if (!options.svg.empty()) WriteWholeFile(options.svg, DrawNetworks(sketches));
  return kExitOk;
}

}  // namespace dse
