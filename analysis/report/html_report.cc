#include "analysis/report/html_report.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "analysis/report/assets.h"
#include "analysis/report/check_report.h"
#include "analysis/report/html_text.h"
#include "core/error.h"
#include "core/object_writer.h"

namespace dse {
namespace {

constexpr size_t kLongTable = 30;  // rows; tables with more are folded

// ---- Data ----

// A column of texts: those that differ, and for each row which of them, or null.
void AppendTextColumn(const DataColumn& column, std::string& json) {
  std::map<std::string_view, int64_t> index;
  std::string texts;
  std::string rows;
  for (const DataValue& value : column.values) {
    if (!rows.empty()) rows += ',';
    const auto* text = std::get_if<std::string>(&value);
    if (!text) {
      rows += "null";
      continue;
    }
    const auto [place, fresh] = index.emplace(*text, static_cast<int64_t>(index.size()));
    if (fresh) {
      if (!texts.empty()) texts += ',';
      AppendJsonText(*text, texts);
    }
    ObjectWriter::AppendInt(place->second, rows);
  }
  json += "{\"texts\":[" + texts + "],\"rows\":[" + rows + "]}";
}

void AppendMixedColumn(const DataColumn& column, std::string& json) {
  json += '[';
  for (size_t i = 0; i < column.values.size(); ++i) {
    if (i > 0) json += ',';
    if (const auto* number = std::get_if<double>(&column.values[i])) {
      ObjectWriter::AppendReal(*number, json);
    } else if (const auto* text = std::get_if<std::string>(&column.values[i])) {
      AppendJsonText(*text, json);
    } else {
      json += "null";
    }
  }
  json += ']';
}

// {"TABLE": {"COLUMN": values}}, the form that report.js reads.
std::string DataJson(const Report& report) {
  std::string json = "{";
  for (const DataTable& table : report.tables) {
    json += json.size() > 1 ? ",\n" : "\n";
    AppendJsonText(table.name, json);
    json += ":{";
    for (size_t i = 0; i < table.columns.size(); ++i) {
      const DataColumn& column = table.columns[i];
      if (i > 0) json += ',';
      AppendJsonText(column.name, json);
      json += ':';
      const bool numbers = std::any_of(column.values.begin(), column.values.end(), [](auto& value) {
        return std::holds_alternative<double>(value);
      });
      numbers ? AppendMixedColumn(column, json) : AppendTextColumn(column, json);
    }
    json += '}';
  }
  return json + "\n}";
}

// ---- Tables ----

std::string TableHtml(const ReportTable& table) {
  std::string html = "<table";
  if (table.sortable && table.rows.size() > 1) html += " class=\"sortable\"";
  if (!table.caption.empty()) html += " aria-label=\"" + HtmlText(table.caption) + "\"";
  html += ">\n<thead><tr>";
  for (size_t i = 0; i < table.headings.size(); ++i) {
    const bool numbers = std::any_of(table.rows.begin(), table.rows.end(),
                                     [i](auto& row) { return row[i].value.has_value(); });
    html += numbers ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">";
    html += HtmlText(table.headings[i]) + "</th>";
  }
  html += "</tr></thead>\n<tbody>\n";
  for (const std::vector<ReportCell>& row : table.rows) {
    html += "<tr>";
    for (const ReportCell& cell : row) {
      html += "<td";
      if (cell.value) {
        html += " class=\"n\" data-value=\"";
        ObjectWriter::AppendReal(*cell.value, html);
        html += '"';
      }
      html += ">" + HtmlText(cell.text) + "</td>";
    }
    html += "</tr>\n";
  }
  return html + "</tbody>\n</table>\n";
}

// A table in the box it scrolls in.
std::string ScrollingTable(const ReportTable& table) {
  const bool tall = table.rows.size() > kLongTable;
  return std::string("<div class=\"scroll") + (tall ? " tall" : "") + "\" tabindex=\"0\">\n" +
         TableHtml(table) + "</div>\n";
}

std::string BlockHtml(const ReportTable& table) {
  if (table.rows.size() > kLongTable) {
    return "<details><summary>" + HtmlText(table.caption) + " (" +
           std::to_string(table.rows.size()) + " rows)</summary>\n" + ScrollingTable(table) +
           "</details>\n";
  }
  std::string html;
  if (!table.caption.empty())
    html = "<p class=\"table-title\">" + HtmlText(table.caption) + "</p>\n";
  return html + ScrollingTable(table);
}

// ---- Other blocks ----

std::string BlockHtml(const Paragraph& paragraph) {
  return "<p>" + HtmlText(paragraph.text) + "</p>\n";
}

std::string BlockHtml(const Drawing& drawing) {
  std::string html = "<figure class=\"drawing\">\n" + drawing.svg + "\n";
  if (!drawing.caption.empty()) {
    html += "<figcaption>" + HtmlText(drawing.caption) + "</figcaption>\n";
  }
  return html + "</figure>\n";
}

// About how many pixels a specification is high, with axes and legend: views joined by vconcat
// stand on one another.
int64_t HeightOf(const Json& spec) {
  constexpr int64_t kAround = 90;  // axis labels, title and legend
  if (spec.contains("vconcat")) {
    int64_t sum = 0;
    for (const Json& view : spec["vconcat"]) sum += HeightOf(view);
    return sum;
  }
  const auto height = spec.find("height");
  return kAround + (height != spec.end() && height->is_number() ? height->get<int64_t>() : 200);
}

// What report.js needs of a chart.
std::string ChartJson(const Chart& chart) {
  Json sources = Json::array();
  for (const ChartSource& source : chart.sources) {
    sources.push_back({{"table", source.table}, {"columns", source.columns}});
  }
  const Json json = {{"spec", chart.spec}, {"sources", std::move(sources)}};
  return ScriptJson(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string BlockHtml(const Chart& chart) {
  std::string html = "<figure id=\"" + chart.id + "\"";
  if (chart.size == ChartSize::kHalf) html += " class=\"half\"";
  html += ">\n<h3>" + HtmlText(chart.title) + "</h3>\n";
  if (!chart.caption.empty()) html += "<p>" + HtmlText(chart.caption) + "</p>\n";
  if (!chart.left_out.empty()) {
    html += "<p class=\"left-out\">" + HtmlText(chart.left_out) + "</p>\n";
  }
  html += "<div class=\"chart\" data-height=\"" + std::to_string(HeightOf(chart.spec)) +
          "\" role=\"img\" aria-label=\"" + HtmlText(chart.title) + "\"></div>\n";
  html += "<script type=\"application/json\" class=\"spec\">" + ChartJson(chart) + "</script>\n";
  if (!chart.numbers.headings.empty()) {
    const std::string& caption = chart.numbers.caption;
    html += "<details class=\"numbers\" open><summary>" +
            (caption.empty() ? "Key numbers" : HtmlText(caption)) + "</summary>\n" +
            ScrollingTable(chart.numbers) + "</details>\n";
  }
  return html + "</figure>\n";
}

// The class of the grid a block stands in: half charts share one, drawings another, the rest none.
std::string_view GridOf(const ReportBlock& block) {
  if (std::holds_alternative<Drawing>(block)) return "drawings";
  const auto* chart = std::get_if<Chart>(&block);
  return chart && chart->size == ChartSize::kHalf ? "pair" : "";
}

std::string SectionHtml(const ReportSection& section) {
  std::string html =
      "<section id=\"" + section.id + "\">\n<h2>" + HtmlText(section.title) + "</h2>\n";
  std::string_view grid;
  for (const ReportBlock& block : section.blocks) {
    if (GridOf(block) != grid) {
      if (!grid.empty()) html += "</div>\n";
      grid = GridOf(block);
      if (!grid.empty()) html += "<div class=\"" + std::string(grid) + "\">\n";
    }
    html += std::visit([](const auto& one) { return BlockHtml(one); }, block);
  }
  if (!grid.empty()) html += "</div>\n";
  return html + "</section>\n";
}
std::string FindingsHtml(const Report& report) {
  if (report.findings.empty()) return "";
  std::string html = "<div class=\"findings\">\n<h2>Findings</h2>\n<ul>\n";
  for (const std::string& finding : report.findings) {
    html += "<li>" + HtmlText(finding) + "</li>\n";
  }
  return html + "</ul>\n</div>\n";
}

std::string ContentsHtml(const Report& report) {
  std::string html = "<nav aria-label=\"Contents\"><ul>\n";
  for (const ReportSection& section : report.sections) {
    html += "<li><a href=\"#" + section.id + "\">" + HtmlText(section.title) + "</a></li>\n";
  }
  return html + "</ul></nav>\n";
}

// ---- The page ----

// Browsers hash an element's text as they parsed it: line ends must be plain, nothing may end it.
std::string_view Inline(std::string_view content, const char* name) {
  for (const char* bad : {"</script", "</style", "<!--", "\r"}) {
    if (content.find(bad) != content.npos) {
      throw Error(std::string("internal: ") + name + " cannot stand in HTML as it is");
    }
  }
  return content;
}

std::string HeadHtml(const Report& report) {
  const std::string policy = "default-src 'none'; script-src " + CspHash(VegaBundle()) + " " +
                             CspHash(ReportScript()) + "; style-src " + CspHash(ReportStyle()) +
                             "; img-src data: blob:; base-uri 'none'; form-action 'none'";
  std::string html = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  html += "<meta http-equiv=\"Content-Security-Policy\" content=\"" + policy + "\">\n";
  html += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  html += "<meta name=\"generator\" content=\"dse\">\n<link rel=\"icon\" href=\"data:,\">\n";
  html += "<title>" + HtmlText(report.title) + "</title>\n<style>";
  html += Inline(ReportStyle(), "report.css");
  return html + "</style>\n</head>\n";
}

std::string ScriptsHtml(const Report& report) {
  std::string html = "<script type=\"application/json\" id=\"reportTheme\">";
  html += ScriptJson(ParseJson(ReportTheme(), "theme.json").dump());
  html += "</script>\n<script type=\"application/json\" id=\"reportData\">";
  html += ScriptJson(DataJson(report));
  html += "</script>\n<script type=\"module\">";
  html += Inline(VegaBundle(), "the chart library");
  html += "</script>\n<script type=\"module\">";
  html += Inline(ReportScript(), "report.js");
  return html + "</script>\n";
}

}  // namespace

std::string RenderHtml(const Report& report) {
  CheckReport(report);
  std::string html = HeadHtml(report) + "<body>\n<main>\n<h1>" + HtmlText(report.title) +
                     "</h1>\n" + FindingsHtml(report) + ContentsHtml(report);
  for (const ReportSection& section : report.sections) html += SectionHtml(section);
  html += "<details class=\"notices\"><summary>Licences of the libraries in this file</summary>\n";
  html += "<pre>" + HtmlText(ThirdPartyNotices()) + "</pre>\n</details>\n</main>\n";
  html += ScriptsHtml(report);
  return html + "</body>\n</html>\n";
}

}  // namespace dse
