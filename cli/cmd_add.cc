#include <iostream>

#include "cli/command.h"
#include "cli/model_lines.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/study_fits.h"
#include "core/text_table.h"
#include "core/units.h"
#include "db/additions.h"
#include "db/populations.h"

namespace dse {
namespace {

struct AddOptions {
  std::string db;
  std::string population;           // where the networks go
  std::vector<std::string> models;  // names, files, or "-"
  std::optional<int> resolution;    // what replaces members of each model
  std::optional<int> classes;
  std::optional<int64_t> best;  // how many members of another population, instead of models
  BestRequest request;          // of which population and series
  std::string error;            // "" = not given
  bool quiet = false;
};

void CheckOptions(const AddOptions& options) {
  const bool best = options.best.has_value();
  if (best && !options.models.empty()) {
    throw UsageError("give either MODELs or --best K --from POPULATION, not both");
  }
  if (best && (options.resolution || options.classes)) {
    throw UsageError("--resolution and --classes change MODELs; --best keeps networks as they are");
  }
  if (best && options.request.from.empty()) {
    throw UsageError("--best needs --from POPULATION to choose from");
  }
  if (best) return;
  const bool chooses = !options.request.from.empty() || options.request.recipe ||
                       options.request.dataset || !options.error.empty();
  if (chooses) throw UsageError("--from, --recipe, --data and --error need --best K");
  if (options.models.empty()) {
    throw UsageError("give at least one MODEL, or --best K --from POPULATION");
  }
}

bool ReadOptions(std::span<const std::string> args, AddOptions& options) {
  OptionParser parser(
      "add --db FILE --population NAME MODEL ... | --best K --from POPULATION [options]",
      "Puts networks into a population named by hand, made where it is missing; those it has "
      "already are left alone.\nA MODEL is what 'dse inspect' takes: a name such as regnetx-400mf, "
      "a file with a model document or JSON Lines,\nor - for JSON Lines on standard input. --best "
      "adds the members of another population with the lowest error.");
  BestRequest& request = options.request;
  parser.Text("db", "FILE", &options.db, "results database; MODELs make it where it is missing");
  parser.Text("population", "NAME", &options.population, "population to add to");
  parser.Positional("MODEL", &options.models, "names, files or -");
  parser.Int("resolution", "R", &options.resolution, 8, kMaxResolution,
             "input pixels a side of every MODEL (default: its own)");
  parser.Int("classes", "C", &options.classes, 1, kMaxClasses,
             "classes of every MODEL (default: its own)");
  parser.Int("best", "K", &options.best, 1, 100'000'000,
             "in place of MODELs: the K members with the lowest error, mean of their repeats");
  parser.Text("from", "POPULATION", &request.from, "the population --best chooses from");
  parser.Text("recipe", "R", &request.recipe,
              "its results of this recipe, by name or hash (needed where there are several)");
  parser.Text("data", "D", &request.dataset,
              "its results on this dataset, by URI or fingerprint (likewise)");
  parser.OneOf("error", {"last", "best"}, &options.error,
               "last: of the last epoch (default); best: lowest over epochs");
  parser.Flag("quiet,q", &options.quiet, "no messages");
  parser.Require("db");
  parser.Require("population");
  if (!parser.Parse(args)) return false;
  CheckOptions(options);
  if (options.error == "best") request.error = ErrorKind::kBest;
  request.count = options.best.value_or(0);
  return true;
}

Draw MakeDraw(GivenModel given, const AddOptions& options) {
  Frame& frame = given.model.frame;
  frame.resolution = options.resolution.value_or(frame.resolution);
  frame.classes = options.classes.value_or(frame.classes);
  Draw draw;
  const std::string where = given.model.name.empty() ? "a model" : given.model.name;
  draw.model = ResolveModel(std::move(given.model), where);
  draw.hash = ModelHash(draw.model);
  draw.complexity = CountComplexity(draw.model);
  draw.overrides = given.overrides;
  return draw;
}

std::string MembersTable(const std::vector<RankedMember>& members) {
  std::vector<std::vector<std::string>> rows = {{"rank", "error %", "model", "index", "repeats"}};
  for (const RankedMember& member : members) {
    const Draw& draw = member.draw;
    rows.push_back({std::to_string(rows.size()), FormatNumber("%.2f", member.error),
                    draw.model.name.empty() ? draw.hash : draw.model.name,
                    std::to_string(draw.index), std::to_string(member.repeats)});
  }
  return TextTable(rows);
}

void Finish(const AddOptions& options, Database& db, std::span<const Draw> draws,
            const StoreSummary& stored) {
  StoreFitsOf(db, draws);
  Say(options.quiet, options.db + ": population " + options.population + ", " + stored.Text());
}

void AddModels(const AddOptions& options) {
  // Everything is read before a database is made.
  std::vector<Draw> draws;
  for (GivenModel& given : ReadModels(options.models, std::cin)) {
    draws.push_back(MakeDraw(std::move(given), options));
  }
  if (draws.empty()) throw Error("standard input: holds no model to add");
  Database db = Database::Open(options.db, OpenMode::kCreate);
  const StoreSummary stored = AddMembers(db, options.population, draws);
  Finish(options, db, draws, stored);
}

void AddBestMembers(const AddOptions& options) {
  Database db = Database::Open(options.db, OpenMode::kReadWrite);
  const BestSummary best = AddBest(db, options.population, options.request);
  std::vector<Draw> draws;
  for (const RankedMember& member : best.members) draws.push_back(member.draw);
  Finish(options, db, draws, best.stored);
  std::cout << MembersTable(best.members);
}

}  // namespace

int RunAdd(std::span<const std::string> args) {
  AddOptions options;
  if (!ReadOptions(args, options)) return kExitOk;
  if (options.best) {
    AddBestMembers(options);
  } else {
    AddModels(options);
  }
  return kExitOk;
}

}  // namespace dse
