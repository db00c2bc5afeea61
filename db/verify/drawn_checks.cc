#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "core/complexity.h"
#include "core/json.h"
#include "db/rows/member_rows.h"
#include "db/rows/population_rows.h"
#include "db/verify/checks.h"

namespace dse {
namespace {

void CheckKey(const std::string& where, const std::string& key, const std::string& expected,
              Findings& found) {
  if (key == expected) return;
  found({where, "its key is not that of its contents, " + expected, kRestoreCopy});
}

// What is stored of a model beside its spec, a name with a text for each.
using Columns = std::vector<std::pair<std::string, std::string>>;

std::string Or(const std::optional<double>& value) {
  return value ? FormatDouble(*value) : std::string("none");
}

Columns ExpectedColumns(const Model& model) {
  const Frame& frame = model.frame;
  const Complexity complexity = CountComplexity(model);
  return {{"block", TextOf<BlockType>(frame.block, kBlockWords)},
          {"stem", TextOf<StemType>(frame.stem, kStemWords)},
          {"stem_width", std::to_string(frame.stem_width)},
          {"resolution", std::to_string(frame.resolution)},
          {"classes", std::to_string(frame.classes)},
          {"activation", TextOf<Activation>(frame.activation, kActivationWords)},
          {"se_ratio", FormatDouble(frame.se_ratio)},
          {"head_width", std::to_string(frame.head_width)},
          {"depth", std::to_string(TotalDepth(model))},
          {"flops", std::to_string(complexity.flops)},
          {"params", std::to_string(complexity.params)},
          {"acts", std::to_string(complexity.acts)}};
}

std::string ExpectedStages(const Model& model) {
  std::string text;
  for (const Stage& stage : model.stages) {
    StageColumns columns = ColumnsOf(model.frame.block, stage);
    text += std::to_string(stage.depth) + " x " + std::to_string(stage.width) + " / " +
            std::to_string(stage.stride) + " " + Or(columns.bottleneck) + " " +
            Or(columns.group_width) + " " + Or(columns.kernel) + " " + Or(columns.expansion) + ", ";
  }
  return text;
}

class ModelCheck {
 public:
  ModelCheck(sqlite::Connection& connection, Findings& found)
      : path_(connection.path()),
        found_(found),
        row_(connection,
             "SELECT id, hash, spec, block, stem, stem_width, resolution, classes, activation,"
             " se_ratio, head_width, depth, flops, params, acts FROM models"
             " WHERE id BETWEEN ? AND ? ORDER BY id"),
        stages_(connection,
                "SELECT stage, depth, width, stride, bottleneck, group_width, kernel, expansion"
                " FROM stages WHERE model_id = ? ORDER BY stage") {}

  int64_t Look(int64_t first, int64_t last) {
    int64_t models = 0;
    for (row_.Bind(first, last); row_.Step(); ++models) Check();
    return models;
  }

 private:
  void Check() {
    const std::string hash = row_.Text(1);
    const std::string where = "model " + hash;
    std::optional<Model> model;
    try {
      model = ParseModel(ParseJson(row_.Text(2), "spec"), "spec");
    } catch (const Error& failure) {
      found_({where, std::string("its spec is no network: ") + failure.what(), kRestoreCopy});
      return;
    }
    const std::string expected = ModelHash(*model);
    if (hash != expected) {
      found_({where, "its hash is not that of its spec, " + expected, kRestoreCopy});
      return;
    }
    int column = 2;
    for (const auto& [name, text] : ExpectedColumns(*model)) {
      ++column;
      const std::string stored =
          name == "se_ratio" ? FormatDouble(row_.Real(column)) : row_.Text(column);
      if (stored == text) continue;
      found_({where, "its " + name + " is " + stored + ", but " + text + " by its spec",
              "correct it with sqlite3: UPDATE models SET " + name + " = '" + text +
                  "' WHERE hash = '" + hash + "'"});
    }
    if (StoredStages() != ExpectedStages(*model)) {
      found_({where, "its stages are not those of its spec", kRestoreCopy});
    }
  }

  std::string StoredStages() {
    std::string text;
    int64_t number = 0;
    stages_.Bind(row_.Int(0));
    while (stages_.Step()) {
      if (stages_.Int(0) != ++number) text += "a stage is missing, ";
      text += stages_.Text(1) + " x " + stages_.Text(2) + " / " + stages_.Text(3);
      for (int column = 4; column <= 7; ++column) {
        text += " " + Or(stages_.OptionalReal(column));
      }
      text += ", ";
    }
    return text;
  }

  std::string path_;
  Findings& found_;
  sqlite::Statement row_;
  sqlite::Statement stages_;
};

}  // namespace

void CheckSpaces(sqlite::Connection& connection, Findings& found) {
  sqlite::Statement row(connection, "SELECT key, name, document FROM spaces ORDER BY id");
  while (row.Step()) {
    CheckKey("space '" + row.Text(1) + "' (" + row.Text(0) + ")", row.Text(0),
             SpaceKey(row.Text(1), row.Text(2)), found);
  }
}

void CheckPopulations(sqlite::Connection& connection, Findings& found) {
  sqlite::Statement key(connection, "SELECT key FROM populations WHERE id = ?");
  sqlite::Statement row(connection, std::string(kSelectPopulations) + " ORDER BY p.id");
  while (row.Step()) {
    const PopulationRecord population = ReadPopulation(row);
    key.Bind(row.Int(0)).Step();
    CheckKey("population '" + population.name + "' (" + key.Text(0) + ")", key.Text(0),
             population.origin == "imported" ? ImportedPopulationKey(population.name)
                                             : PopulationKey(population),
             found);
  }
}

int64_t CheckModels(sqlite::Connection& connection, Findings& found) {
  ModelCheck check(connection, found);
  int64_t models = 0;
  ForPages(connection, "models", found,
           [&](int64_t first, int64_t last) { models += check.Look(first, last); });
  return models;
}

int64_t CheckMembers(sqlite::Connection& connection, Findings& found) {
  sqlite::Statement row(connection,
                        "SELECT m.idx, p.name, m.key, o.hash, m.lr, m.weight_decay, p.origin"
                        " FROM members m JOIN populations p ON p.id = m.population_id"
                        " LEFT JOIN models o ON o.id = m.model_id"
                        " WHERE m.id BETWEEN ? AND ? ORDER BY m.id");
  int64_t members = 0;
  ForPages(connection, "members", found, [&](int64_t first, int64_t last) {
    for (row.Bind(first, last); row.Step(); ++members) {
      if (row.Text(6) == "imported") continue;
      const std::string where =
          "member " + row.Text(0) + " of population '" + row.Text(1) + "' (" + row.Text(2) + ")";
      if (row.IsNull(3)) {
        found({where, "it has no network, though its population is not imported", kRestoreCopy});
        continue;
      }
      CheckKey(where, row.Text(2),
               MemberKey(row.Text(3), {row.OptionalReal(4), row.OptionalReal(5)}), found);
    }
  });
  return members;
}

}  // namespace dse
