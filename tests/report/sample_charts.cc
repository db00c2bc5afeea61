#include "tests/report/sample_charts.h"

#include <nlohmann/json.hpp>

namespace dse {
namespace {

constexpr char kColour[] = R"("color": {"field": "population", "type": "nominal", "title": null})";
constexpr char kSelect[] =
    R"({"name": "series", "select": {"type": "point", "fields": ["population"]}, "bind": "legend"})";

ReportTable Numbers(const std::string& caption) {
  return {caption,
          {"population", "models", "min", "median"},
          {{{"AnyNetXA", {}}, {"170", 170}, {"9.20", 9.2}, {"15.8", 15.8}},
           {{"RegNetX", {}}, {"170", 170}, {"7.40", 7.4}, {"9.9", 9.9}}}};
}

Chart Make(const std::string& id, const std::string& title, const std::string& spec,
           std::vector<ChartSource> sources, ChartSize size = ChartSize::kFull) {
  Chart chart;
  chart.id = id;
  chart.title = title;
  chart.caption =
      "How to read it: lower and further to the left is better. Click a name in the "
      "legend to see its models alone.";
  chart.size = size;
  chart.spec = Json::parse(spec);
  chart.sources = std::move(sources);
  chart.numbers = Numbers("Key numbers: " + title);
  return chart;
}

// In a layered chart the first layer gives the legend its look and takes its clicks.
Chart EdfChart() {
  Chart chart = Make(
      "edf", "Share of models by error",
      std::string(R"({"width": "container", "height": 320, "data": {"name": "edf"},
        "encoding": {"x": {"field": "error", "type": "quantitative", "title": "top-1 error, %",
                           "scale": {"zero": false}}, )") +
          kColour + R"(, "opacity": {"condition": {"param": "series", "value": 1}, "value": 0.12}},
        "layer": [
          {"mark": {"type": "line", "interpolate": "step-after"}, "params": [)" +
          kSelect + R"(],
           "encoding": {"y": {"field": "f", "type": "quantitative", "title": "share of models"},
             "tooltip": [{"field": "population", "title": "population"},
                         {"field": "error", "title": "error, %", "format": ".2f"},
                         {"field": "f", "title": "share", "format": ".0%"}]}},
          {"mark": {"type": "area", "style": "band", "interpolate": "step-after"},
           "encoding": {"y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}}}]})",
      {{"edf", {"population", "error", "f", "low", "high"}}});
  chart.left_out =
      "Left out: 12 models whose training ran out of memory, 3 that are still running.";
  return chart;
}

Chart ScatterChart(const std::string& id, const std::string& table) {
  return Make(id, "Error against flops",
              std::string(R"({"width": "container", "height": 340, "data": {"name": ")") + table +
                  R"("}, "mark": {"type": "point"}, "params": [)" + kSelect + R"(,
        {"name": "zoom", "bind": "scales", "select": {"type": "interval",
          "translate": "[pointerdown[event.shiftKey], window:pointerup] > window:pointermove!",
          "zoom": "wheel![event.shiftKey]"}}],
        "encoding": {
          "x": {"field": "flops", "type": "quantitative", "title": "flops",
                "scale": {"type": "log", "nice": false}, "axis": {"format": "~s"}},
          "y": {"field": "error", "type": "quantitative", "title": "top-1 error, %",
                "scale": {"zero": false}}, )" +
                  kColour +
                  R"(, "opacity": {"condition": {"param": "series", "value": 0.75}, "value": 0.06},
          "tooltip": [{"field": "population", "title": "population"}, {"field": "model", "title": "model"},
            {"field": "error", "title": "error, %", "format": ".2f"},
            {"field": "flops", "title": "flops", "format": ".3s"}, {"field": "depth", "title": "depth"},
            {"field": "w0", "title": "w0"}, {"field": "acts", "title": "acts", "format": ".3s"}]}})",
              {{table, {"population", "model", "error", "flops", "depth", "w0", "acts"}}});
}

Chart BandChart() {
  return Make("depth", "Where the best depth lies",
              std::string(R"({"vconcat": [
        {"width": "container", "height": 220, "data": {"name": "models"}, "mark": "point",
         "encoding": {"x": {"field": "depth", "type": "quantitative", "title": null,
                            "scale": {"domain": [0, 44], "nice": false}},
           "y": {"field": "error", "type": "quantitative", "title": "top-1 error, %",
                 "scale": {"zero": false}}, )") +
                  kColour + R"(, "tooltip": [{"field": "model"}, {"field": "depth"}]}},
        {"width": "container", "height": 60, "data": {"name": "depth"},
         "encoding": {"y": {"field": "population", "type": "nominal", "title": null,
                            "axis": {"labelLimit": 120}}, )" +
                  kColour + R"(},
         "layer": [{"mark": "rule", "encoding": {
             "x": {"field": "low", "type": "quantitative", "title": "depth", "scale": {"domain": [0, 44], "nice": false}},
             "x2": {"field": "high"}, "strokeWidth": {"value": 4}}},
           {"mark": {"type": "point", "size": 80}, "encoding": {"x": {"field": "median", "type": "quantitative"}}}]}
        ], "resolve": {"scale": {"color": "shared"}}})",
              {{"models", {"population", "model", "error", "depth"}},
               {"depth", {"population", "low", "median", "high"}}});
}

Chart ManyChart() {
  return Make("many", "Twelve spaces",
              R"({"width": "container", "height": 320, "data": {"name": "many"},
        "mark": {"type": "line", "interpolate": "step-after"},
        "encoding": {"x": {"field": "error", "type": "quantitative", "title": "top-1 error, %",
                           "scale": {"zero": false}},
          "y": {"field": "f", "type": "quantitative", "title": "share of models"},
          "color": {"field": "space", "type": "nominal", "title": "space"}}})",
              {{"many", {"space", "error", "f"}}});
}

Chart ForestChart() {
  return Make("differences", "Differences of mean errors",
              R"({"width": "container", "height": 220, "data": {"name": "differences"},
        "encoding": {"y": {"field": "pair", "type": "nominal", "title": null, "sort": null}},
        "layer": [
          {"mark": {"type": "rule", "style": "reference"}, "encoding": {"x": {"datum": 0}, "y": null}},
          {"mark": {"type": "rule"}, "encoding": {
            "x": {"field": "low", "type": "quantitative", "title": "a - b, points"}, "x2": {"field": "high"}}},
          {"mark": {"type": "point", "size": 70}, "encoding": {
            "x": {"field": "point", "type": "quantitative"}, "tooltip": [{"field": "pair"}, {"field": "point"}]}}]})",
              {{"differences", {"pair", "point", "low", "high"}}}, ChartSize::kHalf);
}

Chart SearchChart() {
  return Make("search", "Random search",
              R"({"width": "container", "height": 220, "data": {"name": "search"},
        "encoding": {"x": {"field": "k", "type": "quantitative", "title": "models drawn",
                           "scale": {"type": "log", "nice": false}}},
        "layer": [
          {"mark": {"type": "area", "style": "band"}, "encoding": {
            "y": {"field": "low", "type": "quantitative", "title": "lowest error, %", "scale": {"zero": false}},
            "y2": {"field": "high"}}},
          {"mark": "line", "encoding": {"y": {"field": "error", "type": "quantitative"},
            "tooltip": [{"field": "k"}, {"field": "error"}]}}]})",
              {{"search", {"k", "error", "low", "high"}}}, ChartSize::kHalf);
}

Chart WidthsChart() {
  return Make("widths", "Widths of the best 20",
              R"({"width": "container", "height": 220,
        "layer": [
          {"data": {"name": "widths"}, "mark": {"type": "line", "style": "muted", "interpolate": "step-after"},
           "encoding": {"x": {"field": "block", "type": "quantitative", "title": "block"},
             "y": {"field": "width", "type": "quantitative", "title": "width", "scale": {"type": "log", "nice": false}},
             "detail": {"field": "model"}, "tooltip": [{"field": "model"}]}},
          {"data": {"name": "widths"}, "mark": {"type": "line", "style": "reference"},
           "encoding": {"x": {"field": "block", "type": "quantitative"},
             "y": {"aggregate": "mean", "field": "width", "type": "quantitative"}}}]})",
              {{"widths", {"model", "block", "width"}}}, ChartSize::kHalf);
}

Chart CountsChart() {
  return Make("counts", "Runs by state",
              R"({"width": "container", "height": 220, "data": {"name": "counts"}, "mark": "bar",
        "transform": [{"filter": "datum.runs != null"}],
        "encoding": {"y": {"field": "population", "type": "nominal", "title": null, "axis": {"labelLimit": 140}},
          "x": {"field": "runs", "type": "quantitative"},
          "color": {"field": "state", "type": "nominal"}}})",
              {{"counts", {"population", "state", "runs"}}}, ChartSize::kHalf);
}

Chart FrontChart() {
  return Make("front", "Fewest activations at an error",
              R"({"width": "container", "height": 220, "layer": [
          {"data": {"name": "models"}, "mark": {"type": "point", "style": "muted"},
           "encoding": {"x": {"field": "acts", "type": "quantitative", "axis": {"format": "~s"}},
             "y": {"field": "error", "type": "quantitative", "title": "top-1 error, %", "scale": {"zero": false}}}},
          {"data": {"name": "search"}, "transform": [{"calculate": "2e6 + 1e4 * datum.k", "as": "acts"}],
           "mark": {"type": "line", "style": "front"},
           "encoding": {"x": {"field": "acts", "type": "quantitative"},
             "y": {"field": "error", "type": "quantitative"}}}]})",
              {{"models", {"acts", "error"}}, {"search", {"k", "error"}}}, ChartSize::kHalf);
}

Chart HistogramChart() {
  return Make(
      "histogram", "Errors counted",
      std::string(
          R"({"width": "container", "height": 220, "data": {"name": "models"}, "mark": "bar",
        "encoding": {"x": {"field": "error", "type": "quantitative", "bin": {"maxbins": 30}, "title": "top-1 error, %"},
          "y": {"aggregate": "count", "title": "models"}, )") +
          kColour + "}}",
      {{"models", {"population", "error"}}}, ChartSize::kHalf);
}

}  // namespace

std::vector<Chart> SampleCharts() {
  return {EdfChart(),
          ManyChart(),
          ForestChart(),
          SearchChart(),
          ScatterChart("flops", "models"),
          BandChart(),
          WidthsChart(),
          CountsChart(),
          FrontChart(),
          HistogramChart(),
          ScatterChart("crowd", "crowd")};
}

}  // namespace dse
