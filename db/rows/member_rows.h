#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/complexity.h"
#include "core/draw.h"
#include "core/fit.h"
#include "core/model.h"
#include "db/sqlite/sqlite.h"

namespace dse {

// A row of members with its model, read without parsing any model document.
struct MemberRow {
  int64_t id = 0;
  int64_t index = 0;
  int64_t candidate = 0;
  std::string hash;  // "" without a model
  std::optional<Model> model;
  Complexity complexity;
  Overrides overrides;
  std::optional<Fit> fit;  // of the name asked for
};
// By index, with the fits of that name (core/fit.h).
std::vector<MemberRow> LoadMemberRows(sqlite::Connection& connection, int64_t population_id,
                                      const std::string& fit_name = kDefaultGridName);

// The column `parameters` of a member that was drawn as a RegNet.
RegNetParameters ParseDrawnParameters(const std::string& text, const std::string& path);

// The columns of a stage that its block may not have.
struct StageColumns {
  std::optional<double> bottleneck;
  std::optional<int> group_width;
  std::optional<int> kernel;
  std::optional<int> expansion;
};
StageColumns ColumnsOf(BlockType block, const Stage& stage);

// Puts models and members into the file. Use within a transaction.
class MemberWriter {
 public:
  explicit MemberWriter(sqlite::Connection& connection);

  // Row id of the model; inserts it with its stages where the file does not know it.
  int64_t StoreModel(const Model& model, const std::string& hash, const Complexity& complexity);
  std::optional<int64_t> FindModel(const std::string& hash);

  // Row id of the new member, or empty if the population has a member of that key.
  std::optional<int64_t> InsertMember(int64_t population_id, int64_t index, const std::string& key,
                                      std::optional<int64_t> candidate,
                                      std::optional<int64_t> model_id, const Model* model,
                                      const Overrides& overrides);

 private:
  sqlite::Connection& connection_;
  sqlite::Statement find_model_;
  sqlite::Statement insert_model_;
  sqlite::Statement insert_stage_;
  sqlite::Statement insert_member_;
};

// What tells members of one population apart: the model with the member's own lr and weight decay.
std::string MemberKey(const std::string& model_hash, const Overrides& overrides);

}  // namespace dse
