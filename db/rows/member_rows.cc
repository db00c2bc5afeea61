#include "db/rows/member_rows.h"

#include <nlohmann/json.hpp>
#include <span>

#include "core/hash.h"
#include "core/json.h"

namespace dse {
namespace {

template <typename E>
E ValueOf(const std::string& text, std::span<const Word<E>> words, const std::string& path) {
  for (const Word<E>& word : words) {
    if (text == word.text) return word.value;
  }
  throw Error(path + ": holds the unknown word '" + text + "' in a model; it needs a newer dse");
}

// The parameters a member was drawn with, beyond the network they made.
std::optional<std::string> ParametersText(const Model* model) {
  if (!model || !model->regnet) return std::nullopt;
  const RegNetParameters& r = *model->regnet;
  const Json json = {{"depth", r.depth},
                     {"w0", Number(r.w0)},
                     {"wa", Number(r.wa)},
                     {"wm", Number(r.wm)},
                     {"bottleneck", Number(r.bottleneck)},
                     {"group_width", r.group_width}};
  return json.dump();
}

constexpr const char* kSelectMembers =
    "SELECT m.id, m.idx, m.candidate, m.name, m.parameters, m.lr, m.weight_decay,"
    " o.hash, o.block, o.stem, o.stem_width, o.resolution, o.classes, o.activation, o.se_ratio,"
    " o.head_width, o.flops, o.params, o.acts, f.w0, f.wa, f.wm, f.e_fit"
    " FROM members m LEFT JOIN models o ON o.id = m.model_id"
    " LEFT JOIN fits f ON f.model_id = m.model_id AND f.grid = ?2"
    " WHERE m.population_id = ?1 ORDER BY m.idx";

Frame ReadFrameColumns(const sqlite::Statement& row, const std::string& path) {
  Frame frame;
  frame.block = ValueOf<BlockType>(row.Text(8), kBlockWords, path);
  frame.stem = ValueOf<StemType>(row.Text(9), kStemWords, path);
  frame.stem_width = static_cast<int>(row.Int(10));
  frame.resolution = static_cast<int>(row.Int(11));
  frame.classes = static_cast<int>(row.Int(12));
  frame.activation = ValueOf<Activation>(row.Text(13), kActivationWords, path);
  frame.se_ratio = row.Real(14);
  frame.head_width = static_cast<int>(row.Int(15));
  return frame;
}

MemberRow ReadMember(const sqlite::Statement& row, const std::string& path) {
  MemberRow member;
  member.id = row.Int(0);
  member.index = row.Int(1);
  member.candidate = row.Int(2);
  member.overrides = {row.OptionalReal(5), row.OptionalReal(6)};
  if (row.IsNull(7)) return member;
  member.hash = row.Text(7);
  member.model.emplace();
  member.model->name = row.Text(3);
  member.model->frame = ReadFrameColumns(row, path);
  if (!row.IsNull(4)) member.model->regnet = ParseDrawnParameters(row.Text(4), path);
  member.complexity = {row.Int(16), row.Int(17), row.Int(18)};
  if (!row.IsNull(19)) member.fit = Fit{row.Real(19), row.Real(20), row.Real(21), row.Real(22)};
  return member;
}

// Stages of all members in the order of the members: one pass over both.
void ReadStages(sqlite::Connection& connection, int64_t population_id,
                std::vector<MemberRow>& members) {
  sqlite::Statement row(
      connection,
      "SELECT m.id, s.depth, s.width, s.stride, s.bottleneck, s.group_width,"
      " s.kernel, s.expansion FROM members m JOIN stages s ON s.model_id = m.model_id"
      " WHERE m.population_id = ? ORDER BY m.idx, s.stage",
      population_id);
  size_t at = 0;
  while (row.Step()) {
    while (members[at].id != row.Int(0)) ++at;
    Stage stage;
    stage.depth = static_cast<int>(row.Int(1));
    stage.width = static_cast<int>(row.Int(2));
    stage.stride = static_cast<int>(row.Int(3));
    if (!row.IsNull(4)) stage.bottleneck = row.Real(4);
    if (!row.IsNull(5)) stage.group_width = static_cast<int>(row.Int(5));
    if (!row.IsNull(6)) stage.kernel = static_cast<int>(row.Int(6));
    if (!row.IsNull(7)) stage.expansion = static_cast<int>(row.Int(7));
    members[at].model->stages.push_back(stage);
  }
}

}  // namespace

RegNetParameters ParseDrawnParameters(const std::string& text, const std::string& path) {
  const Json json = Json::parse(text, nullptr, false);
  try {
    RegNetParameters r;
    r.depth = json.at("depth").get<int>();
    r.w0 = json.at("w0").get<double>();
    r.wa = json.at("wa").get<double>();
    r.wm = json.at("wm").get<double>();
    r.bottleneck = json.at("bottleneck").get<double>();
    r.group_width = json.at("group_width").get<int>();
    return r;
  } catch (const Json::exception&) {
    throw Error(path + ": a member's parameters are damaged: " + text);
  }
}

std::vector<MemberRow> LoadMemberRows(sqlite::Connection& connection, int64_t population_id,
                                      const std::string& fit_name) {
  std::vector<MemberRow> members;
  sqlite::Statement row(connection, kSelectMembers, population_id, fit_name);
  while (row.Step()) members.push_back(ReadMember(row, connection.path()));
  ReadStages(connection, population_id, members);
  return members;
}

StageColumns ColumnsOf(BlockType block, const Stage& stage) {
  StageColumns columns;
  if (HasBottleneck(block)) columns.bottleneck = stage.bottleneck;
  if (HasGroups(block)) columns.group_width = stage.group_width;
  if (block == BlockType::kMBConv) {
    columns.kernel = stage.kernel;
    columns.expansion = stage.expansion;
  }
  return columns;
}

MemberWriter::MemberWriter(sqlite::Connection& connection)
    : connection_(connection),
      find_model_(connection, "SELECT id FROM models WHERE hash = ?"),
      insert_model_(connection,
                    "INSERT INTO models(hash, spec, block, stem, stem_width, resolution, classes,"
                    " activation, se_ratio, head_width, depth, flops, params, acts)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      insert_stage_(connection,
                    "INSERT INTO stages(model_id, stage, depth, width, stride, bottleneck,"
                    " group_width, kernel, expansion) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      insert_member_(connection,
                     "INSERT INTO members(population_id, idx, key, candidate, model_id, name,"
                     " parameters, lr, weight_decay) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
                     " ON CONFLICT(population_id, key) DO NOTHING") {}

std::optional<int64_t> MemberWriter::FindModel(const std::string& hash) {
  find_model_.Bind(hash);
  if (!find_model_.Step()) return std::nullopt;
  return find_model_.Int(0);
}

int64_t MemberWriter::StoreModel(const Model& model, const std::string& hash,
                                 const Complexity& complexity) {
  if (const std::optional<int64_t> known = FindModel(hash)) return *known;
  const Frame& frame = model.frame;
  std::string spec;
  AppendModel(model, ModelPart::kNetwork, spec);
  insert_model_
      .Bind(hash, spec, TextOf<BlockType>(frame.block, kBlockWords),
            TextOf<StemType>(frame.stem, kStemWords), frame.stem_width, frame.resolution,
            frame.classes, TextOf<Activation>(frame.activation, kActivationWords), frame.se_ratio,
            frame.head_width, TotalDepth(model), complexity.flops, complexity.params,
            complexity.acts)
      .Run();
  const int64_t id = connection_.LastInsertId();
  int number = 0;
  for (const Stage& stage : model.stages) {
    const StageColumns columns = ColumnsOf(frame.block, stage);
    insert_stage_
        .Bind(id, ++number, stage.depth, stage.width, stage.stride, columns.bottleneck,
              columns.group_width, columns.kernel, columns.expansion)
        .Run();
  }
  return id;
}

std::optional<int64_t> MemberWriter::InsertMember(int64_t population_id, int64_t index,
                                                  const std::string& key,
                                                  std::optional<int64_t> candidate,
                                                  std::optional<int64_t> model_id,
                                                  const Model* model, const Overrides& overrides) {
  std::optional<std::string> name;
  if (model && !model->name.empty()) name = model->name;
  const int64_t changed = insert_member_
                              .Bind(population_id, index, key, candidate, model_id, name,
                                    ParametersText(model), overrides.lr, overrides.weight_decay)
                              .Run();
  if (changed == 0) return std::nullopt;
  return connection_.LastInsertId();
}

std::string MemberKey(const std::string& model_hash, const Overrides& overrides) {
  return ShortHash(Json{{"model", model_hash}, {"overrides", OverridesToJson(overrides)}}.dump());
}

}  // namespace dse
