#include "analysis/report/network_drawing.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "analysis/report/html_text.h"
#include "core/error.h"
#include "core/regnet.h"
#include "core/units.h"

namespace dse {
namespace {

constexpr double kWidth = 300;
constexpr double kHeight = 150;
constexpr double kTop = 44;  // of the bars
constexpr double kBottom = 146;
constexpr double kWidestBar = 14;

std::string Coordinate(double value) { return FormatNumber("%.4g", value); }

// Where a block's bar begins, and how high a width is, in one sketch.
struct Frame {
  double bar = 0;
  double scale = 0;
  double X(size_t block) const { return bar * static_cast<double>(block); }
  double Y(double width) const { return std::max(kTop, kBottom - scale * width); }
};

std::string Text(double y, const char* size, const std::string& text) {
  return "<text x=\"0\" y=\"" + Coordinate(y) + "\" font-size=\"" + size +
         "\" fill=\"currentColor\" stroke=\"none\">" + HtmlText(text) + "</text>";
}

std::string Bars(const NetworkSketch& sketch, const Frame& frame) {
  std::string bars;
  size_t block = 0;
  for (size_t stage = 0; stage < sketch.depths.size(); ++stage) {
    for (int i = 0; i < sketch.depths[stage]; ++i, ++block) {
      const double top = frame.Y(sketch.widths[block]);
      bars += "<rect x=\"" + Coordinate(frame.X(block)) + "\" y=\"" + Coordinate(top) +
              "\" width=\"" + Coordinate(frame.bar * 0.86) + "\" height=\"" +
              Coordinate(kBottom - top) + "\" fill=\"currentColor\" fill-opacity=\"" +
              (stage % 2 == 0 ? "0.3" : "0.5") + "\"/>";
    }
  }
  return bars;
}

// The widths that a fit predicts, as steps.
std::string FitLine(const NetworkSketch& sketch, const Frame& frame) {
  std::vector<int> widths(sketch.widths.size());
  std::vector<int> levels(widths.size());
  RegNetBlockWidths(sketch.fit->w0, sketch.fit->wa, sketch.fit->wm, widths, levels);
  std::string path;
  for (size_t block = 0; block < widths.size(); ++block) {
    const std::string y = Coordinate(frame.Y(widths[block]));
    path += (block == 0 ? "M" : "L") + Coordinate(frame.X(block)) + " " + y + "H" +
            Coordinate(frame.X(block + 1));
  }
  return "<path d=\"" + path +
         "\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\" stroke-dasharray=\"4 3\"/>";
}

std::string Inside(const NetworkSketch& sketch, int widest) {
  if (sketch.widths.empty() || widest < *std::ranges::max_element(sketch.widths)) {
    throw Error("internal: a network to draw has no blocks, or wider ones than its frame");
  }
  const Frame frame{std::min(kWidestBar, kWidth / static_cast<double>(sketch.widths.size())),
                    (kBottom - kTop) / widest};
  std::string inside = Text(14, "13", sketch.title) + Text(31, "11", sketch.details);
  inside += Bars(sketch, frame);
  if (sketch.fit) inside += FitLine(sketch, frame);
  return inside;
}

std::string Open(double height, const std::string& attributes) {
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + Coordinate(kWidth) + " " +
         Coordinate(height) + "\" role=\"img\"" + attributes + ">";
}

}  // namespace

std::string DrawNetwork(const NetworkSketch& sketch, int widest) {
  return Open(kHeight, "") + Inside(sketch, widest) + "</svg>";
}

std::string DrawNetworks(const std::vector<NetworkSketch>& sketches) {
  if (sketches.empty()) throw Error("there is no network to draw");
  constexpr double kGap = 14, kMargin = 12;
  std::string text;
  double y = kMargin;
  for (const NetworkSketch& sketch : sketches) {
    const int widest = *std::ranges::max_element(sketch.widths);
    text += "<g transform=\"translate(" + Coordinate(kMargin) + " " + Coordinate(y) + ")\">" +
            Inside(sketch, widest) + "</g>\n";
    y += kHeight + kGap;
  }
  const std::string width = Coordinate(kWidth + 2 * kMargin), height = Coordinate(y);
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + width + "\" height=\"" + height +
         "\" viewBox=\"0 0 " + width + " " + height +
         "\" color=\"black\" font-family=\"sans-serif\">\n<rect width=\"100%\" height=\"100%\" "
         "fill=\"white\"/>\n" +
         text + "</svg>\n";
}

}  // namespace dse
