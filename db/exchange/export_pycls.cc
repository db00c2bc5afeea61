// Results and networks as pycls reads them.

#include "db/exchange/export_pycls.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/json.h"
#include "core/printable.h"
#include "core/result.h"
#include "core/units.h"
#include "db/exchange/export_pages.h"
#include "db/exchange/pycls_config.h"
#include "db/exchange/pycls_training.h"
#include "db/sqlite/connection.h"

namespace dse {
namespace {

constexpr size_t kExamples = 10;

// A network that pycls has not; the first ones are kept by name. Its repeats follow each other.
void NoteInexpressible(const std::string& hash, const std::string& why, ExportSummary& summary) {
  ++summary.inexpressible;
  const std::string text = hash + ": " + why;
  const bool again = !summary.examples.empty() && summary.examples.back() == text;
  if (summary.examples.size() < kExamples && !again) summary.examples.push_back(text);
}

// A run with all that a job tells of it.
struct SweepRun {
  RunKeyPair key;
  std::string state;
  std::optional<double> error;
  std::optional<double> best_error;
  int64_t seed = 0;
  Overrides effective;
  int64_t member = 0;
  std::string member_key;
  std::string hash;  // "" without a model
  std::optional<Model> model;
  Complexity complexity;
  std::vector<EpochRecord> epochs;
};

constexpr const char* kSelectSweepRuns =
    "SELECT l.member_id, l.run_id, r.state, r.error, r.best_error, r.seed, r.attempt,"
    " coalesce(m.lr, ?2), coalesce(m.weight_decay, ?3), m.idx,"
    " o.hash, o.spec, m.name, m.parameters, o.flops, o.params, o.acts,"
    " m.key"
    " FROM series_runs l JOIN members m ON m.id = l.member_id JOIN runs r ON r.id = l.run_id"
    " LEFT JOIN models o ON o.id = m.model_id"
    " WHERE l.series_id = ?1 AND (l.member_id, l.run_id) > (?4, ?5)"
    " ORDER BY l.member_id, l.run_id LIMIT ?6";

// The document of a series' recipe.
Json RecipeOf(sqlite::Connection& connection, int64_t series_id) {
  sqlite::Statement row(connection,
                        "SELECT r.document FROM series s JOIN recipes r ON r.id = s.recipe_id"
                        " WHERE s.id = ?",
                        series_id);
  if (!row.Step()) return Json::object();
  return ParseJson(row.Text(0), connection.path() + ": a recipe");
}

// What pycls calls a dataset, where it has it.
Json DatasetConfig(const std::string& uri) {
  if (uri != "cifar10" && !uri.starts_with("cifar10:")) return Json::object();
  return {{"TRAIN", {{"DATASET", "cifar10"}}},
          {"TEST", {{"DATASET", "cifar10"}, {"SPLIT", "test"}}}};
}

class SweepExport {
 public:
  SweepExport(Database& db, const ByteSink& sink)
      : connection_(db.impl().connection),
        sink_(sink),
        select_(connection_, kSelectSweepRuns),
        epochs_(connection_,
                "SELECT epoch, lr, train_loss, train_error, test_error, seconds FROM epochs"
                " WHERE run_id = ? AND attempt = ? ORDER BY epoch") {}

  ExportSummary Write(const SeriesFilter& filter) {
    for (const SeriesRow& series : FindSeries(connection_, filter)) {
      const Json recipe = RecipeOf(connection_, series.id);
      EachPaged(
          select_, RunKeyPair(),
          [&](sqlite::Statement& query, const RunKeyPair& last) {
            query.Bind(series.id, series.lr, series.weight_decay, last.member_id, last.run_id,
                       kPageRows);
          },
          [&](sqlite::Statement& query) { return ReadRun(query); },
          [&](const SweepRun& run) { WriteRun(series, recipe, run); });
    }
    sink_(summary_.written == 0 ? "[]\n" : "\n]\n");
    return std::move(summary_);
  }

 private:
  SweepRun ReadRun(const sqlite::Statement& row) {
    SweepRun run;
    run.key = {row.Int(0), row.Int(1)};
    run.state = row.Text(2);
    run.error = row.OptionalReal(3);
    run.best_error = row.OptionalReal(4);
    run.seed = row.Int(5);
    run.effective = {row.OptionalReal(7), row.OptionalReal(8)};
    run.member = row.Int(9);
    run.member_key = row.Text(17);
    if (row.IsNull(10)) return run;
    run.hash = row.Text(10);
    run.model =
        StoredModel(row.Text(11), row.OptionalText(12), row.OptionalText(13), connection_.path());
    run.complexity = {row.Int(14), row.Int(15), row.Int(16)};
    epochs_.Bind(row.Int(1), row.Int(6));
    while (epochs_.Step()) {
      EpochRecord epoch;
      epoch.epoch = epochs_.Int(0);
      epoch.lr = epochs_.Real(1);
      epoch.train_loss = epochs_.OptionalReal(2);
      epoch.train_error = epochs_.OptionalReal(3);
      epoch.test_error = epochs_.OptionalReal(4);
      epoch.seconds = epochs_.Real(5);
      run.epochs.push_back(epoch);
    }
    return run;
  }

  void WriteRun(const SeriesRow& series, const Json& recipe, const SweepRun& run);
  Json Job(const SeriesRow& series, const Json& recipe, const SweepRun& run, Json config);

  sqlite::Connection& connection_;
  const ByteSink& sink_;
  sqlite::Statement select_;
  sqlite::Statement epochs_;
  ExportSummary summary_;
};

Json OrNull(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

// The tested epochs of the learning curve.
std::vector<std::pair<int64_t, double>> TestedEpochs(const SweepRun& run) {
  std::vector<std::pair<int64_t, double>> errors;
  for (const EpochRecord& epoch : run.epochs) {
    if (epoch.test_error) errors.emplace_back(epoch.epoch, *epoch.test_error);
  }
  return errors;
}

// How many epochs the training was to have. A learning curve that does not end with the run's error
// is shorter than the training was.
int64_t EpochsOf(const Json& recipe, const SweepRun& run) {
  const int64_t last = run.epochs.empty() ? 1 : run.epochs.back().epoch;
  const auto at = recipe.find("epochs");
  const int64_t epochs = std::max(last, at == recipe.end() ? int64_t{1} : at->get<int64_t>());
  const auto tested = TestedEpochs(run);
  if (!run.error || tested.empty() || tested.back().second == *run.error) return epochs;
  return std::max(epochs, tested.back().first + 1);
}

Json TrainRecords(const SweepRun& run, int64_t epochs) {
  Json records = {{"epoch_ind", Json::array()}, {"epoch_max", Json::array()},
                  {"lr", Json::array()},        {"loss", Json::array()},
                  {"top1_err", Json::array()},  {"time_epoch", Json::array()}};
  for (const EpochRecord& epoch : run.epochs) {
    records["epoch_ind"].push_back(epoch.epoch);
    records["epoch_max"].push_back(epochs);
    records["lr"].push_back(epoch.lr);
    records["loss"].push_back(OrNull(epoch.train_loss));
    records["top1_err"].push_back(OrNull(epoch.train_error));
    records["time_epoch"].push_back(epoch.seconds);
  }
  return records;
}

// They end with the run's error; a run without a curve is its last epoch alone.
std::optional<Json> TestRecords(const SweepRun& run, int64_t epochs) {
  std::vector<std::pair<int64_t, double>> errors = TestedEpochs(run);
  if (run.error && (errors.empty() || errors.back().second != *run.error)) {
    errors.emplace_back(epochs, *run.error);
  }
  if (errors.empty()) return {};
  Json records = {{"epoch_ind", Json::array()},
                  {"epoch_max", Json::array()},
                  {"top1_err", Json::array()},
                  {"min_top1_err", Json::array()}};
  double lowest = 100;
  for (const auto& [epoch, error] : errors) {
    lowest = std::min(lowest, error);
    records["epoch_ind"].push_back(epoch);
    records["epoch_max"].push_back(epochs);
    records["top1_err"].push_back(error);
    records["min_top1_err"].push_back(lowest);
  }
  if (run.best_error && *run.best_error < lowest) records["min_top1_err"].back() = *run.best_error;
  return records;
}

Json SweepExport::Job(const SeriesRow& series, const Json& recipe, const SweepRun& run,
                      Json config) {
  const int64_t epochs = EpochsOf(recipe, run);
  config["OPTIM"]["MAX_EPOCH"] = epochs;
  config["RNG_SEED"] = run.seed;
  config["DESC"] = series.population + ", " + series.recipe_names.front() + ", " +
                   series.dataset_names.front() + ", " +
                   (run.model->name.empty() ? run.hash : run.model->name);
  // pycls' analysis shows the folder of the log.
  const std::string folder =
      series.population + "/" + std::to_string(run.member) + "-seed" + std::to_string(run.seed);
  Json own = {{"model", ModelToJson(*run.model)},
              {"state", run.state},
              {"lr", *run.effective.lr},
              {"seed", run.seed},
              {"member_key", run.member_key}};
  Json job = {{"cfg", std::move(config)},
              {"complexity",
               {{"flops", run.complexity.flops},
                {"params", run.complexity.params},
                {"acts", run.complexity.acts}}},
              {"log_file", folder + "/stdout.log"},
              {"err_file", folder + "/stderr.log"},
              {"err", ""},
              {"dse", std::move(own)}};
  const std::optional<Json> tests = TestRecords(run, epochs);
  if (run.state != RunStateText(RunState::kDone)) {
    // Not where pycls' analysis takes the last epoch for a result.
    ++summary_.untested;
    if (tests) job["dse"]["test_epoch"] = *tests;
  } else if (tests) {
    job["test_epoch"] = *tests;
    job["test_ema_epoch"] = *tests;
  }
  if (run.epochs.empty()) return job;
  job["train_epoch"] = TrainRecords(run, epochs);
  double seconds = 0;
  for (const EpochRecord& epoch : run.epochs) seconds += epoch.seconds;
  job["epoch_times"] = {{"train_fw_bw_time", seconds / static_cast<double>(run.epochs.size())}};
  return job;
}

void SweepExport::WriteRun(const SeriesRow& series, const Json& recipe, const SweepRun& run) {
  if (run.state == RunStateText(RunState::kPending) ||
      run.state == RunStateText(RunState::kRunning)) {
    ++summary_.open;
    return;
  }
  if (!run.model) {
    ++summary_.without_network;
    return;
  }
  if (!run.effective.lr || !run.effective.weight_decay) {
    ++summary_.without_training;
    return;
  }
  PyclsConfig network = PyclsConfigOf(*run.model);
  if (!network.config) {
    NoteInexpressible(run.hash, network.why_not, summary_);
    return;
  }
  const PyclsTraining training = PyclsTrainingOf(recipe, run.effective);
  summary_.left_out.insert(training.left_out.begin(), training.left_out.end());
  MergeConfig(training.config, *network.config);
  MergeConfig(DatasetConfig(series.dataset_names.front()), *network.config);
  std::string text = summary_.written++ == 0 ? "[\n" : ",\n";
  text += WholeText(Job(series, recipe, run, *std::move(network.config)));
  sink_(text);
}

// A member as its file is written from.
struct ConfigMember {
  int64_t key = 0;
  std::string hash;
  std::optional<Model> model;
  Overrides own;
};

class YamlExport {
 public:
  YamlExport(Database& db, const FileSink& sink)
      : connection_(db.impl().connection),
        sink_(sink),
        select_(connection_,
                "SELECT m.id, o.hash, o.spec, m.name, m.parameters, m.lr, m.weight_decay"
                " FROM members m LEFT JOIN models o ON o.id = m.model_id"
                " WHERE m.population_id = ?1 AND m.id > ?2 ORDER BY m.id LIMIT ?3") {}

  ExportSummary Write(const SeriesFilter& filter) {
    const std::vector<SeriesRow> series = FindSeries(connection_, filter);
    if (filter.recipes.empty() && filter.datasets.empty()) {
      for (const auto& [id, name] : Populations(filter)) WritePopulation(id, name);
      return std::move(summary_);
    }
    std::set<int64_t> done;
    for (const SeriesRow& row : series) {
      if (row.recipe_names != series.front().recipe_names) {
        throw Error(connection_.path() + ": recipes " + series.front().recipe_names.front() +
                    " and " + row.recipe_names.front() +
                    " are both selected; a configuration has one, choose it with --recipe");
      }
      if (!done.insert(row.population_id).second) continue;
      series_ = &row;
      recipe_ = RecipeOf(connection_, row.id);
      WritePopulation(row.population_id, row.population);
    }
    return std::move(summary_);
  }

 private:
  std::vector<std::pair<int64_t, std::string>> Populations(const SeriesFilter& filter) {
    std::vector<std::pair<int64_t, std::string>> populations;
    sqlite::Statement row(connection_, "SELECT id, name FROM populations ORDER BY id");
    while (row.Step()) {
      const std::string name = row.Text(1);
      if (filter.populations.empty() || std::ranges::count(filter.populations, name)) {
        populations.emplace_back(row.Int(0), name);
      }
    }
    return populations;
  }

  void WritePopulation(int64_t id, const std::string& name) {
    EachPaged(
        select_, int64_t{0},
        [&](sqlite::Statement& query, int64_t last) { query.Bind(id, last, kPageRows); },
        [&](sqlite::Statement& query) { return ReadMember(query); },
        [&](const ConfigMember& member) { WriteMember(name, member); });
  }

  ConfigMember ReadMember(const sqlite::Statement& row) {
    ConfigMember member;
    member.key = row.Int(0);
    if (row.IsNull(1)) return member;
    member.hash = row.Text(1);
    member.model =
        StoredModel(row.Text(2), row.OptionalText(3), row.OptionalText(4), connection_.path());
    member.own = {row.OptionalReal(5), row.OptionalReal(6)};
    return member;
  }

  void WriteMember(const std::string& population, const ConfigMember& member) {
    if (!member.model) {
      ++summary_.without_network;
      return;
    }
    std::string name = member.hash;
    if (member.own.lr) name += "-lr" + FormatDouble(*member.own.lr);
    if (member.own.weight_decay) name += "-wd" + FormatDouble(*member.own.weight_decay);
    if (!names_.insert(name).second) return;  // another population has it too
    PyclsConfig network = PyclsConfigOf(*member.model);
    if (!network.config) {
      NoteInexpressible(member.hash, network.why_not, summary_);
      return;
    }
    Json& config = *network.config;
    Overrides effective = member.own;
    if (series_ != nullptr) {
      if (!effective.lr) effective.lr = series_->lr;
      if (!effective.weight_decay) effective.weight_decay = series_->weight_decay;
      MergeConfig(DatasetConfig(series_->dataset_names.front()), config);
    }
    const PyclsTraining training = PyclsTrainingOf(recipe_, effective);
    summary_.left_out.insert(training.left_out.begin(), training.left_out.end());
    MergeConfig(training.config, config);
    // A comment, for older versions know no DESC; quoted, so that it is one line. YAML has more
    // line breaks than JSON.
    const std::string& title = member.model->name;
    const Json about = population + ", " + (title.empty() ? member.hash : title);
    sink_(name + ".yaml", "# " + Printable(WholeText(about)) + "\n" + PyclsYaml(config));
    ++summary_.written;
  }

  sqlite::Connection& connection_;
  const FileSink& sink_;
  sqlite::Statement select_;
  const SeriesRow* series_ = nullptr;  // the one selected, if any
  Json recipe_ = Json::object();
  std::set<std::string> names_;
  ExportSummary summary_;
};

}  // namespace

ExportSummary ExportSweep(Database& db, const SeriesFilter& filter, const ByteSink& sink) {
  return SweepExport(db, sink).Write(filter);
}

ExportSummary ExportPyclsYaml(Database& db, const SeriesFilter& filter, const FileSink& sink) {
  return YamlExport(db, sink).Write(filter);
}

}  // namespace dse
