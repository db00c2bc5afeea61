#include <fmt/core.h>

#include <algorithm>

#include "analysis/report/report_cells.h"
#include "analysis/report/report_sections.h"
#include "analysis/study/study_format.h"
#include "core/timing.h"

namespace dse {
namespace {

constexpr size_t kBestShown = 10;
constexpr size_t kWorstShown = 3;

// What was measured of a network; nothing where nothing was.
NetworkTimes TimesOf(const DeviceTimes* device, const std::string& hash) {
  if (!device) return {};
  const auto found = device->networks.find(hash);
  return found == device->networks.end() ? NetworkTimes{} : found->second;
}

ReportCell ErrorCell(const StudyModel& model) {
  ReportCell cell = PercentCell(model.error);
  if (model.sd) cell.text += " +- " + FormatPercent(*model.sd);
  return cell;
}

ReportCell Scaled(const SeriesAnalysis& series, const char* property, size_t place, double unit) {
  const StudyProperty* found = series.Find(property);
  if (!found) return TextCell("-");
  return NumberCell(unit == 1e9 ? "%.3g" : "%.4g", found->values[place] / unit);
}

// Of another batch than the device's usual one: "5 (of 1)".
ReportCell InferenceCell(const DeviceTimes& device, const std::optional<BatchTime>& time) {
  if (!time) return TextCell("-");
  ReportCell cell = NumberCell("%.4g", time->milliseconds);
  if (time->batch_size != device.inference_batch) {
    cell.text += " (of " + std::to_string(time->batch_size) + ")";
  }
  return cell;
}

std::vector<ReportCell> Row(const SeriesAnalysis& series, size_t place, const DeviceTimes* device) {
  const StudyModel& model = series.models[place];
  const NetworkTimes times = TimesOf(device, model.hash);
  std::vector<ReportCell> row = {TextCell(series.label),
                                 CountCell(static_cast<int64_t>(place) + 1),
                                 TextCell(model.label()),
                                 Scaled(series, "flops", place, 1e9),
                                 Scaled(series, "params", place, 1e6),
                                 Scaled(series, "acts", place, 1e6)};
  if (device) {
    const auto& [inference, training] = times;
    row.push_back(training ? CountCell(training->batch_size) : TextCell("-"));
    row.push_back(InferenceCell(*device, inference));
    row.push_back(
        training ? NumberCell("%.3g", ImageNetHours(training->milliseconds, training->batch_size))
                 : TextCell("-"));
  }
  row.insert(
      row.end(),
      {ErrorCell(model), CountCell(model.repeats), TextCell(PropertyText(series, "depth", place)),
       TextCell(StageWidthsText(series, place)), TextCell(PropertyText(series, "e_fit", place))});
  return row;
}

// The columns of the paper's tables 2 to 4; those of times where a device measured some.
ReportTable ModelRows(const ReportContext& context, const DeviceTimes* device) {
  ReportTable table;
  table.caption = fmt::format(
      "The best {} models of each series and its worst {} that did not diverge. Errors are means "
      "over repeats +- their standard deviation.",
      kBestShown, kWorstShown);
  table.headings = {"series", "rank", "model", "flops (B)", "params (M)", "acts (M)"};
  if (device) {
    table.caption += fmt::format(
        " Times on {}: inference of {} images, and hours of 100 epochs of ImageNet in training "
        "steps of the batch given.",
        device->device, device->inference_batch);
    table.headings.insert(table.headings.end(), {"training batch", "infer (ms)", "train (hr)"});
  }
  table.headings.insert(table.headings.end(),
                        {"error (top-1, %)", "repeats", "depth", "widths", "e_fit"});
  for (const SeriesAnalysis* series : context.series()) {
    const size_t n = FinishedModels(*series);
    for (size_t place = 0; place < n; ++place) {
      if (place >= kBestShown && place + kWorstShown < n) continue;
      table.rows.push_back(Row(*series, place, device));
    }
  }
  return table;
}

}  // namespace

ReportSection ModelSection(const ReportContext& context, Report&) {
  ReportSection section{"models", "Models", {}};
  const std::vector<DeviceTimes>& devices = context.study().trends.devices;
  if (devices.empty()) section.blocks.push_back(ModelRows(context, nullptr));
  for (const DeviceTimes& device : devices) section.blocks.push_back(ModelRows(context, &device));
  return section;
}

}  // namespace dse
