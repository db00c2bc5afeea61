#include "db/exchange/csv_import.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/suggest.h"
#include "core/units.h"
#include "db/exchange/csv.h"

namespace dse {
namespace {

// Columns that are no properties. The first kind is read (README of this folder, "Imported rows");
// the second says where an exported row was, which means nothing elsewhere; the third follows from
// the model where a row has one, and is a property in other rows.
constexpr const char* kReadColumns[] = {
    "population", "error",   "model", "hash",    "name",      "best_error",  "state",
    "recipe",     "dataset", "seed",  "seconds", "img_per_s", "micro_batch", "member_key"};
constexpr const char* kPlaceColumns[] = {"space", "member", "member_id", "run_id"};
constexpr const char* kModelColumns[] = {"flops", "params", "acts", "depth", "widths", "depths",
                                         "b",     "g",      "w0",   "wa",    "wm",     "e_fit"};

template <size_t n>
bool IsOneOf(const std::string& name, const char* const (&names)[n]) {
  return std::ranges::find(names, name) != std::end(names);
}

struct Record {
  int64_t line = 0;
  std::vector<std::string> fields;
};

std::string Trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// A decimal number; empty for any other text. "nan" and "inf" are read, to be refused by name.
std::optional<double> ParseNumber(const std::string& text) {
  const std::string trimmed = Trimmed(text);
  std::string_view digits = trimmed;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::invalid_argument || end != digits.data() + digits.size()) return {};
  return error == std::errc::result_out_of_range ? HUGE_VAL : value;
}

// A column of properties.
struct Property {
  size_t column = 0;
  std::string name;
  bool of_model = false;  // not in rows with a model
};

// Exports write a property whose name is that of another column as "NAME (property)".
std::string PropertyName(const std::string& header) {
  constexpr std::string_view kMark = " (property)";
  if (header.size() <= kMark.size() || !header.ends_with(kMark)) return header;
  return header.substr(0, header.size() - kMark.size());
}

// One file while it is read: the header's columns and the sentence for a bad row.
class CsvImport {
 public:
  CsvImport(std::string_view text, const std::string& file, ErrorUnit unit)
      : file_(file), unit_(unit) {
    CsvReader reader(text, file);
    if (!reader.Next(header_))
      throw Error(file + ":1: the file is empty; a header line comes first");
    for (std::string& name : header_) name = Trimmed(name);
    CheckHeader(reader.line());
    for (const std::string& name : header_) {
      if (!IsUtf8(name)) Fail(reader.line(), "is not UTF-8 text");
    }
    std::vector<std::string> fields;
    while (reader.Next(fields)) {
      if (fields.size() != header_.size()) {
        Fail(reader.line(), "has " + std::to_string(fields.size()) +
                                " fields where the header has " + std::to_string(header_.size()));
      }
      for (const std::string& field : fields) {
        if (!IsUtf8(field)) Fail(reader.line(), "is not UTF-8 text");
      }
      records_.push_back({reader.line(), std::move(fields)});
    }
    FindProperties();
  }

  std::vector<ImportRow> Rows() const {
    std::vector<ImportRow> rows;
    for (const Record& record : records_) rows.push_back(ReadRow(record));
    CheckUnit(rows);
    return rows;
  }

  // Columns that say something and are not read. Those of the model say it again.
  std::vector<std::string> LeftOut() const {
    std::vector<std::string> names;
    for (size_t i = 0; i < header_.size(); ++i) {
      const bool known = IsOneOf(header_[i], kReadColumns) || IsOneOf(header_[i], kModelColumns) ||
                         std::ranges::any_of(properties_, [&](const Property& property) {
                           return property.column == i;
                         });
      const auto says_something = [&](const Record& record) {
        return !Trimmed(record.fields[i]).empty();
      };
      if (known || std::ranges::none_of(records_, says_something)) continue;
      names.push_back(header_[i].empty() ? "the first, which has no name" : header_[i]);
    }
    return names;
  }

 private:
  [[noreturn]] void Fail(int64_t line, const std::string& what) const {
    throw Error(file_ + ":" + std::to_string(line) + ": " + what);
  }

  void CheckHeader(int64_t line) const {
    for (size_t i = 0; i < header_.size(); ++i) {
      // Data frames write the numbers or names of their rows in a first column without a name.
      if (header_[i].empty() && i > 0) {
        Fail(line, "column " + std::to_string(i + 1) + " has no name");
      }
      if (std::count(header_.begin(), header_.end(), header_[i]) > 1) {
        Fail(line, "column '" + header_[i] + "' is there twice");
      }
    }
    if (Column("wd") >= 0 && Column("weight_decay") >= 0) {
      Fail(line, "columns 'wd' and 'weight_decay' mean the same; only one can be there");
    }
    for (const char* name : {"population", "error"}) {
      if (Column(name) < 0) {
        const std::string nearest = Nearest(name, header_);
        Fail(line, std::string("there is no column '") + name + "'" +
                       (nearest.empty() ? "" : "; is '" + nearest + "' meant to be it?"));
      }
    }
  }

  int Column(const std::string& name) const {
    const auto at = std::find(header_.begin(), header_.end(), name);
    return at == header_.end() ? -1 : static_cast<int>(at - header_.begin());
  }

  // The field of a column the file need not have.
  std::string Field(const Record& record, const std::string& name) const {
    const int column = Column(name);
    return column < 0 ? "" : Trimmed(record.fields[static_cast<size_t>(column)]);
  }

  // Columns with at least one number are properties; columns of text alone are left out.
  void FindProperties() {
    for (size_t i = 0; i < header_.size(); ++i) {
      if (IsOneOf(header_[i], kReadColumns) || IsOneOf(header_[i], kPlaceColumns)) continue;
      if (header_[i].empty()) continue;
      const bool of_model = IsOneOf(header_[i], kModelColumns);
      for (const Record& record : records_) {
        if ((of_model && HasModel(record)) || !ParseNumber(record.fields[i])) continue;
        AddProperty({i, PropertyName(header_[i]), of_model});
        break;
      }
    }
  }

  void AddProperty(Property property) {
    for (const Property& known : properties_) {
      if (known.name == property.name) Fail(1, "property '" + known.name + "' is there twice");
    }
    properties_.push_back(std::move(property));
  }

  bool HasModel(const Record& record) const {
    return !Field(record, "model").empty() || !Field(record, "hash").empty();
  }

  // Empty for an empty field.
  std::optional<double> ReadNumber(const Record& record, size_t column) const {
    const std::string text = Trimmed(record.fields[column]);
    if (text.empty()) return std::nullopt;
    const std::optional<double> value = ParseNumber(text);
    if (!value)
      Fail(record.line, "'" + text + "' in column '" + header_[column] + "' is no number");
    if (!std::isfinite(*value)) {
      Fail(record.line, "'" + text + "' in column '" + header_[column] + "' is not finite");
    }
    return value;
  }

  std::optional<double> ReadPercent(const Record& record, const std::string& name) const {
    const int column = Column(name);
    if (column < 0) return std::nullopt;
    const auto at = static_cast<size_t>(column);
    const std::optional<double> value = ReadNumber(record, at);
    const bool fraction = unit_ == ErrorUnit::kFractions;
    if (value && (*value < 0 || *value > (fraction ? 1 : 100))) {
      Fail(record.line, name + (fraction ? " must be a fraction from 0 to 1"
                                         : " must be a percentage from 0 to 100"));
    }
    if (!value || !fraction) return value;
    // The double nearest to 100 times the decimal, which a product need not be.
    const std::string text = Trimmed(record.fields[at]);
    return ParseNumber(text + "e2").value_or(100 * *value);
  }

  // An export of ours, which has keys of members, is in percent.
  void CheckUnit(const std::vector<ImportRow>& rows) const {
    if (unit_ != ErrorUnit::kUnsaid || Column("member_key") >= 0) return;
    int64_t errors = 0;
    for (const ImportRow& row : rows) {
      if (row.error && *row.error > 1) return;
      errors += row.error ? 1 : 0;
    }
    if (errors == 0) return;
    throw Error(file_ + ": all errors are within 0 to 1; say --errors-are fractions where 0.25 " +
                "is 25%, or --errors-are percent where it is a quarter of a percent");
  }

  // Without a column `state`, an error means done and its absence failed.
  RunState ReadState(const Record& record, bool has_error) const {
    const std::string text = Field(record, "state");
    if (text.empty()) return has_error ? RunState::kDone : RunState::kFailed;
    std::vector<std::string> allowed;
    for (const Word<RunState>& word : kRunStateWords) {
      allowed.push_back(word.text);
      if (text != word.text) continue;
      if ((word.value == RunState::kDone) != has_error) {
        Fail(record.line, has_error ? "state '" + text + "' goes without an error"
                                    : "state 'done' needs an error");
      }
      return word.value;
    }
    Fail(record.line, "state '" + text + "' must be one of " + JoinWords(allowed));
  }

  // "" for an empty field.
  std::string ReadHash(const Record& record, const std::string& name) const {
    const std::string hash = Field(record, name);
    if (hash.empty() || IsHashText(hash)) return hash;
    Fail(record.line, name + " '" + hash + "' is not 16 hexadecimal digits");
  }

  void ReadModel(const Record& record, ImportRow& row) const {
    row.hash = ReadHash(record, "hash");
    row.member_key = ReadHash(record, "member_key");
    const std::string text = Field(record, "model");
    if (text.empty()) {
      if (row.hash.empty()) row.name = Field(record, "name");
      return;
    }
    const std::string where = file_ + ":" + std::to_string(record.line) + ": model";
    row.model = ParseModel(ParseJson(text, where), where);
    const std::string hash = ModelHash(*row.model);
    if (!row.hash.empty() && row.hash != hash) {
      Fail(record.line, "the model's hash is " + hash + ", not " + row.hash);
    }
    row.hash = hash;
  }

  // A number from `low`; empty for an empty field or an absent column.
  std::optional<double> ReadFrom(const Record& record, const std::string& name, double low) const {
    const int column = Column(name);
    if (column < 0) return std::nullopt;
    const std::optional<double> value = ReadNumber(record, static_cast<size_t>(column));
    if (value && *value < low) Fail(record.line, name + " must be at least " + FormatDouble(low));
    if (value && *value > kMaxStored) {
      Fail(record.line, name + " must be at most " + FormatDouble(kMaxStored));
    }
    return value;
  }

  std::optional<int64_t> ReadWhole(const Record& record, const std::string& name,
                                   int64_t low) const {
    const std::string text = Field(record, name);
    if (text.empty()) return std::nullopt;
    int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, value);
    if (code == std::errc() && stop == end && value >= low) return value;
    Fail(record.line,
         name + " must be a whole number from " + std::to_string(low) + ", not '" + text + "'");
  }

  void ReadTraining(const Record& record, ImportRow& row) const {
    if (const std::string recipe = Field(record, "recipe"); !recipe.empty()) row.recipe = recipe;
    if (const std::string data = Field(record, "dataset"); !data.empty()) row.dataset = data;
    row.seed = ReadWhole(record, "seed", 0);
    row.seconds = ReadFrom(record, "seconds", 0);
    row.img_per_s = ReadFrom(record, "img_per_s", 0);
    row.micro_batch = ReadWhole(record, "micro_batch", 1);
  }

  ImportRow ReadRow(const Record& record) const {
    ImportRow row;
    row.line = record.line;
    row.population = Field(record, "population");
    if (row.population.empty()) Fail(record.line, "the population has no name");
    row.error = ReadPercent(record, "error");
    row.best_error = ReadPercent(record, "best_error");
    row.state = ReadState(record, row.error.has_value());
    if (row.best_error && row.state != RunState::kDone && row.state != RunState::kDiverged) {
      Fail(record.line, std::string("best_error goes with done and diverged runs, not with ") +
                            RunStateText(row.state));
    }
    if (row.error && row.best_error && *row.best_error > *row.error) {
      Fail(record.line, "best_error " + FormatDouble(*row.best_error) +
                            " is the lowest, so it cannot be above error " +
                            FormatDouble(*row.error));
    }
    ReadModel(record, row);
    ReadTraining(record, row);
    for (const Property& property : properties_) {
      if (property.of_model && !row.hash.empty()) continue;
      if (const std::optional<double> value = ReadNumber(record, property.column)) {
        row.properties.emplace(property.name, *value);
      }
    }
    return row;
  }

  std::string file_;
  ErrorUnit unit_;
  std::vector<std::string> header_;
  std::vector<Record> records_;
  std::vector<Property> properties_;
};

}  // namespace

std::vector<ImportRow> ParseCsvImport(std::string_view text, const std::string& file,
                                      ErrorUnit unit, std::vector<std::string>* left_out) {
  const CsvImport import(text, file, unit);
  if (left_out) *left_out = import.LeftOut();
  return import.Rows();
}

}  // namespace dse
