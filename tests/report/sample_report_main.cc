// Writes the sample report: dse_sample_report REPORT.html [CHARTS-FOLDER]
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "analysis/report/html_report.h"
#include "analysis/report/report_files.h"
#include "tests/report/sample_report.h"

namespace {

void Write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) throw dse::Error("cannot write " + path.string());
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 2 || argc > 3)
    throw dse::Error("usage: dse_sample_report REPORT.html [CHARTS-FOLDER]");
  const dse::Report report = dse::SampleReport();
  Write(argv[1], dse::RenderHtml(report));
  if (argc == 3) {
    std::filesystem::create_directories(argv[2]);
    for (const dse::ReportSection& section : report.sections) {
      for (const dse::ReportBlock& block : section.blocks) {
        const auto* chart = std::get_if<dse::Chart>(&block);
        if (!chart) continue;
        Write(std::filesystem::path(argv[2]) / (chart->id + ".vl.json"),
              dse::ChartDocument(report, *chart).dump(1) + "\n");
      }
    }
  }
  return 0;
} catch (const std::exception& error) {
  std::cerr << "dse_sample_report: " << error.what() << "\n";
  return 1;
}
