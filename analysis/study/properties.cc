#include "analysis/study/properties.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <string_view>
#include <tuple>

#include "analysis/fit/quantized_linear_fit.h"

namespace dse {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// "w1" .. "w8" and the like, made once.
class StageNames {
 public:
  explicit StageNames(char letter) {
    for (size_t i = 0; i < names_.size(); ++i) names_[i] = letter + std::to_string(i + 1);
  }
  const std::string& operator[](size_t stage) const { return names_[stage]; }

 private:
  std::array<std::string, kMaxStages> names_;
};

// Calls add(name, value) for what follows from the model.
template <typename Add>
void VisitModel(const MemberRecord& member, const Add& add) {
  static const StageNames widths('w'), depths('d'), bottlenecks('b'), group_widths('g');
  const Model& model = *member.model;
  add("depth", TotalDepth(model));
  for (size_t i = 0; i < model.stages.size(); ++i) {
    const Stage& stage = model.stages[i];
    add(widths[i], stage.width);
    add(depths[i], stage.depth);
    if (HasBottleneck(model.frame.block)) add(bottlenecks[i], stage.bottleneck);
    if (HasGroups(model.frame.block)) add(group_widths[i], stage.group_width);
  }
  const Fit fit = member.fit ? *member.fit : FitQuantizedLinear(BlockWidths(model));
  add("w0", model.regnet ? model.regnet->w0 : fit.w0);
  add("wa", model.regnet ? model.regnet->wa : fit.wa);
  add("wm", model.regnet ? model.regnet->wm : fit.wm);
  add("e_fit", fit.e_fit);
  add("flops", static_cast<double>(member.complexity.flops));
  add("params", static_cast<double>(member.complexity.params));
  add("acts", static_cast<double>(member.complexity.acts));
}

// Calls add(name, value) for every property but lr_wd; of several calls with one name the first
// counts.
template <typename Add>
void Visit(const MemberRecord& member, const Add& add) {
  if (member.model) VisitModel(member, add);
  if (member.lr) add("lr", *member.lr);
  if (member.weight_decay) add("wd", *member.weight_decay);
  for (const auto& [name, value] : member.properties) {
    if (!name.empty() && std::isfinite(value)) add(name, value);
  }
}

// Fills columns row by row. Members name their properties in much the same order, so the column
// wanted next is mostly the one behind the last.
class Tabulator {
 public:
  explicit Tabulator(size_t rows) : rows_(rows) {}

  void Add(size_t row, std::string_view name, double value) {
    double& cell = Column(name).values[row];
    if (std::isnan(cell)) cell = value;
  }

  std::vector<PropertyColumn>& columns() { return columns_; }

 private:
  PropertyColumn& Column(std::string_view name) {
    if (next_ < columns_.size() && columns_[next_].name == name) return columns_[next_++];
    const auto found = std::ranges::find(columns_, name, &PropertyColumn::name);
    next_ = static_cast<size_t>(found - columns_.begin()) + 1;
    if (found != columns_.end()) return *found;
    columns_.push_back({std::string(name), std::vector<double>(rows_, kNone)});
    return columns_.back();
  }

  size_t rows_;
  size_t next_ = 0;
  std::vector<PropertyColumn> columns_;
};

// The product of the columns lr and wd where there are both and no column lr_wd was imported.
void AddProduct(std::vector<PropertyColumn>& columns) {
  const auto at = [&columns](std::string_view name) {
    return std::ranges::find(columns, name, &PropertyColumn::name);
  };
  if (at("lr") == columns.end() || at("wd") == columns.end()) return;
  PropertyColumn product = *at("lr");
  const std::vector<double>& wd = at("wd")->values;
  for (size_t i = 0; i < wd.size(); ++i) product.values[i] *= wd[i];
  if (const auto imported = at("lr_wd"); imported != columns.end()) {
    for (size_t i = 0; i < wd.size(); ++i) {
      double& value = imported->values[i];
      if (std::isnan(value)) value = product.values[i];
    }
  } else if (!std::ranges::all_of(product.values, [](double v) { return std::isnan(v); })) {
    product.name = "lr_wd";
    columns.push_back(std::move(product));
  }
}

// Place of a name among all: w1 before w2, imported names behind.
std::tuple<size_t, int, std::string> PlaceOf(const std::string& name) {
  constexpr std::string_view kWhole[] = {"w0",     "wa",   "wm", "e_fit", "flops",
                                         "params", "acts", "lr", "wd",    "lr_wd"};
  constexpr std::string_view kByStage = "wdbg";
  if (name == "depth") return {0, 0, name};
  const auto* whole = std::find(std::begin(kWhole), std::end(kWhole), name);
  if (whole != std::end(kWhole)) {
    return {10 + static_cast<size_t>(whole - std::begin(kWhole)), 0, name};
  }
  const size_t letter = kByStage.find(name[0]);
  if (letter != std::string_view::npos && name.size() == 2 && name[1] >= '1' && name[1] <= '9') {
    return {1 + letter, name[1] - '0', name};
  }
  return {100, 0, name};
}

}  // namespace

std::map<std::string, double> MemberProperties(const MemberRecord& member) {
  const MemberRecord* one = &member;
  std::map<std::string, double> properties;
  for (const PropertyColumn& column : TabulateProperties({&one, 1})) {
    properties.emplace(column.name, column.values.front());
  }
  return properties;
}

std::vector<PropertyColumn> TabulateProperties(std::span<const MemberRecord* const> members) {
  Tabulator table(members.size());
  for (size_t row = 0; row < members.size(); ++row) {
    Visit(*members[row], [&](std::string_view name, double value) { table.Add(row, name, value); });
  }
  AddProduct(table.columns());
  std::ranges::sort(table.columns(), {},
                    [](const PropertyColumn& column) { return PlaceOf(column.name); });
  return std::move(table.columns());
}

}  // namespace dse
