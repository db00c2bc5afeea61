#include "analysis/report/network_drawing.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "analysis/report/html_text.h"
#include "core/error.h"
#include "core/regnet.h"

namespace dse {
namespace {

constexpr double kWidth = 300;
constexpr double kHeight = 150;
constexpr double kTop = 44;  // of the bars
constexpr double kBottom = 146;
constexpr double kWidestBar = 14;

std::string Coordinate(double value) { return fmt::format("{:.4g}", value); }

// Where a block's bar begins, and how high a width is, in one sketch.
struct DrawingFrame {
  double bar = 0;
  double scale = 0;
  double X(size_t block) const { return bar * static_cast<double>(block); }
  double Y(double width) const { return std::max(kTop, kBottom - scale * width); }
};

std::string Text(double y, const char* size, const std::string& text) {
  return fmt::format(
      R"(<text x="0" y="{}" font-size="{}" fill="currentColor" stroke="none">{}</text>)",
      Coordinate(y), size, HtmlText(text));
}

std::string Bars(const NetworkSketch& sketch, const DrawingFrame& frame) {
  std::string bars;
  size_t block = 0;
  for (size_t stage = 0; stage < sketch.depths.size(); ++stage) {
    for (int i = 0; i < sketch.depths[stage]; ++i, ++block) {
      const double top = frame.Y(sketch.widths[block]);
      bars += fmt::format(
          R"(<rect x="{}" y="{}" width="{}" height="{}" fill="currentColor" fill-opacity="{}"/>)",
          Coordinate(frame.X(block)), Coordinate(top), Coordinate(frame.bar * 0.86),
          Coordinate(kBottom - top), stage % 2 == 0 ? "0.3" : "0.5");
    }
  }
  return bars;
}

// The widths that a fit predicts, as steps.
std::string FitLine(const NetworkSketch& sketch, const DrawingFrame& frame) {
  std::vector<int> widths(sketch.widths.size());
  std::vector<int> levels(widths.size());
  RegNetBlockWidths(sketch.fit->w0, sketch.fit->wa, sketch.fit->wm, widths, levels);
  std::string path;
  for (size_t block = 0; block < widths.size(); ++block) {
    path += fmt::format("{}{} {}H{}", block == 0 ? "M" : "L", Coordinate(frame.X(block)),
                        Coordinate(frame.Y(widths[block])), Coordinate(frame.X(block + 1)));
  }
  constexpr const char* kDashes =
      R"(fill="none" stroke="currentColor" stroke-width="1.5" stroke-dasharray="4 3")";
  return fmt::format(R"(<path d="{}" {}/>)", path, kDashes);
}

std::string Inside(const NetworkSketch& sketch, int widest) {
  if (sketch.widths.empty() || widest < *std::ranges::max_element(sketch.widths)) {
    throw Error("internal: a network to draw has no blocks, or wider ones than its frame");
  }
  const DrawingFrame frame{std::min(kWidestBar, kWidth / static_cast<double>(sketch.widths.size())),
                           (kBottom - kTop) / widest};
  std::string inside = Text(14, "13", sketch.title) + Text(31, "11", sketch.details);
  inside += Bars(sketch, frame);
  if (sketch.fit) inside += FitLine(sketch, frame);
  return inside;
}

}  // namespace

std::string DrawNetwork(const NetworkSketch& sketch, int widest) {
  return fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" role="img">{}</svg>)",
      Coordinate(kWidth), Coordinate(kHeight), Inside(sketch, widest));
}

std::string DrawNetworks(const std::vector<NetworkSketch>& sketches) {
  if (sketches.empty()) throw Error("there is no network to draw");
  constexpr double kGap = 14, kMargin = 12;
  std::string text;
  double y = kMargin;
  for (const NetworkSketch& sketch : sketches) {
    const int widest = *std::ranges::max_element(sketch.widths);
    text += fmt::format("<g transform=\"translate({} {})\">{}</g>\n", Coordinate(kMargin),
                        Coordinate(y), Inside(sketch, widest));
    y += kHeight + kGap;
  }
  return fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}")"
      R"( color="black" font-family="sans-serif">)"
      "\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n{2}</svg>\n",
      Coordinate(kWidth + 2 * kMargin), Coordinate(y), text);
}

}  // namespace dse
