// Results as a table: CSV and JSON Lines.

#include "db/exchange/export_table.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>

#include "core/object_writer.h"
#include "core/units.h"
#include "db/exchange/csv.h"
#include "db/exchange/export_pages.h"
#include "db/rows/member_rows.h"
#include "db/sqlite/connection.h"

namespace dse {
namespace {

enum class Kind { kText, kWhole, kReal, kJson };

// A column of the export, which is one of the view `results` but for the model and the member's
// key.
struct Column {
  const char* name;
  const char* source;  // "" = the member's model
  Kind kind;
};

constexpr Column kColumns[] = {{"population", "v.population", Kind::kText},
                               {"space", "v.space", Kind::kText},
                               {"name", "v.model", Kind::kText},
                               {"hash", "v.hash", Kind::kText},
                               {"model", "", Kind::kJson},
                               {"recipe", "v.recipe", Kind::kText},
                               {"dataset", "v.dataset", Kind::kText},
                               {"seed", "v.seed", Kind::kWhole},
                               {"state", "v.state", Kind::kText},
                               {"error", "v.error", Kind::kReal},
                               {"best_error", "v.best_error", Kind::kReal},
                               {"flops", "v.flops", Kind::kWhole},
                               {"params", "v.params", Kind::kWhole},
                               {"acts", "v.acts", Kind::kWhole},
                               {"depth", "v.depth", Kind::kWhole},
                               {"widths", "v.widths", Kind::kJson},
                               {"depths", "v.depths", Kind::kJson},
                               {"b", "v.b", Kind::kJson},
                               {"g", "v.g", Kind::kJson},
                               {"w0", "v.w0", Kind::kReal},
                               {"wa", "v.wa", Kind::kReal},
                               {"wm", "v.wm", Kind::kReal},
                               {"e_fit", "v.e_fit", Kind::kReal},
                               {"lr", "v.lr", Kind::kReal},
                               {"wd", "v.wd", Kind::kReal},
                               {"seconds", "v.seconds", Kind::kReal},
                               {"img_per_s", "v.img_per_s", Kind::kReal},
                               {"micro_batch", "v.micro_batch", Kind::kWhole},
                               {"member_key", "m.key", Kind::kText},
                               {"member", "v.member", Kind::kWhole},
                               {"member_id", "v.member_id", Kind::kWhole},
                               {"run_id", "v.run_id", Kind::kWhole}};
constexpr size_t kColumnCount = std::size(kColumns);
constexpr int kFirstCell = 5;  // after the columns that every row is read with

// A value as text: of numbers their shortest decimals; empty = NULL.
using Cell = std::optional<std::string>;

struct Row {
  RunKeyPair key;
  Cell cells[kColumnCount];
  std::map<std::string, double> properties;
};

// The view has no series id: its names, which are unique to a series, find the row.
std::string SelectRuns() {
  std::string sql = "SELECT l.member_id, l.run_id, o.spec, m.name, m.parameters";
  for (const Column& column : kColumns) {
    sql += std::string(", ") + (*column.source == '\0' ? "NULL" : column.source);
  }
  return sql +
         " FROM series_runs l JOIN members m ON m.id = l.member_id"
         " LEFT JOIN models o ON o.id = m.model_id"
         " JOIN results v ON v.member_id = l.member_id AND v.run_id = l.run_id"
         " AND v.population = ?2 AND v.recipe = ?3 AND v.dataset = ?4"
         " WHERE l.series_id = ?1 AND (l.member_id, l.run_id) > (?5, ?6)"
         " ORDER BY l.member_id, l.run_id LIMIT ?7";
}

Cell ReadCell(const sqlite::Statement& row, int index, Kind kind) {
  if (row.IsNull(index)) return {};
  if (kind == Kind::kWhole) return std::to_string(row.Int(index));
  if (kind == Kind::kReal) return FormatDouble(row.Real(index));
  return row.Text(index);
}

// Writes rows of one format; properties are those of `names`, in this order.
class TableFormat {
 public:
  virtual ~TableFormat() = default;
  virtual void Begin(const std::vector<std::string>& properties, std::string& text) = 0;
  virtual void Append(const Row& row, std::string& text) = 0;
};

class CsvFormat : public TableFormat {
 public:
  void Begin(const std::vector<std::string>& properties, std::string& text) override {
    properties_ = properties;
    for (const Column& column : kColumns) AppendCsvField(column.name, text);
    for (const std::string& name : properties) {
      const bool taken =
          std::ranges::any_of(kColumns, [&](const Column& c) { return name == c.name; });
      AppendCsvField(taken ? name + " (property)" : name, text);
    }
    EndCsvRecord(text);
  }

  void Append(const Row& row, std::string& text) override {
    for (const Cell& cell : row.cells) AppendCsvField(cell.value_or(""), text);
    for (const std::string& name : properties_) {
      const auto at = row.properties.find(name);
      AppendCsvField(at == row.properties.end() ? "" : FormatDouble(at->second), text);
    }
    EndCsvRecord(text);
  }

 private:
  std::vector<std::string> properties_;
};

class JsonLinesFormat : public TableFormat {
 public:
  void Begin(const std::vector<std::string>&, std::string&) override {}

  void Append(const Row& row, std::string& text) override {
    ObjectWriter object(text);
    for (size_t i = 0; i < kColumnCount; ++i) {
      const Cell& cell = row.cells[i];
      if (cell && kColumns[i].kind == Kind::kText) {
        object.Text(kColumns[i].name, *cell);
      } else {
        object.Key(kColumns[i].name) += cell.value_or("null");
      }
    }
    ObjectWriter properties(object.Key("properties"));
    for (const auto& [name, value] : row.properties) properties.Key(name) += FormatDouble(value);
    properties.Close();
    object.Close();
    text += '\n';
  }
};

class TableExport {
 public:
  TableExport(Database& db, const ByteSink& sink)
      : connection_(db.impl().connection),
        sink_(sink),
        select_(connection_, SelectRuns()),
        properties_(connection_, "SELECT name, value FROM properties WHERE member_id = ?") {}

  ExportSummary Write(const SeriesFilter& filter, TableFormat& format) {
    const std::vector<SeriesRow> series = FindSeries(connection_, filter);
    std::string text;
    format.Begin(PropertyNames(series), text);
    sink_(text);
    ExportSummary summary;
    for (const SeriesRow& row : series) {
      EachPaged(
          select_, RunKeyPair(),
          [&](sqlite::Statement& query, const RunKeyPair& last) {
            query.Bind(row.id, row.population, row.recipe_names.front(), row.dataset_names.front(),
                       last.member_id, last.run_id, kPageRows);
          },
          [&](sqlite::Statement& query) { return ReadRow(query); },
          [&](const Row& run) {
            text.clear();
            format.Append(run, text);
            sink_(text);
            ++summary.written;
          });
    }
    return summary;
  }

 private:
  std::vector<std::string> PropertyNames(const std::vector<SeriesRow>& series) {
    std::set<std::string> names;
    std::set<int64_t> populations;
    for (const SeriesRow& row : series) populations.insert(row.population_id);
    for (const int64_t population : populations) {
      sqlite::Statement name(connection_,
                             "SELECT DISTINCT p.name FROM members m JOIN properties p"
                             " ON p.member_id = m.id WHERE m.population_id = ?",
                             population);
      while (name.Step()) names.insert(name.Text(0));
    }
    return {names.begin(), names.end()};
  }

  Row ReadRow(const sqlite::Statement& query) {
    Row row;
    row.key = {query.Int(0), query.Int(1)};
    for (size_t i = 0; i < kColumnCount; ++i) {
      if (*kColumns[i].source != '\0') {
        row.cells[i] = ReadCell(query, kFirstCell + static_cast<int>(i), kColumns[i].kind);
      } else if (!query.IsNull(2)) {
        const Model model = StoredModel(query.Text(2), query.OptionalText(3), query.OptionalText(4),
                                        connection_.path());
        AppendModel(model, ModelPart::kAll, row.cells[i].emplace());
      }
    }
    properties_.Bind(row.key.member_id);
    while (properties_.Step()) row.properties.emplace(properties_.Text(0), properties_.Real(1));
    return row;
  }

  sqlite::Connection& connection_;
  const ByteSink& sink_;
  sqlite::Statement select_;
  sqlite::Statement properties_;
};

}  // namespace

ExportSummary ExportCsv(Database& db, const SeriesFilter& filter, const ByteSink& sink) {
  CsvFormat format;
  return TableExport(db, sink).Write(filter, format);
}

ExportSummary ExportJsonLines(Database& db, const SeriesFilter& filter, const ByteSink& sink) {
  JsonLinesFormat format;
  return TableExport(db, sink).Write(filter, format);
}

}  // namespace dse
