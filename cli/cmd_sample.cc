#include <fmt/core.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/model_lines.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/study_fits.h"
#include "db/populations.h"
#include "sampler/sampler.h"

namespace dse {
namespace {

struct SampleOptions {
  std::string space;                      // name or file
  SampleRequest request;                  // count, seed, band, tries, threads
  SpaceOptions space_options;             // what replaces members of the document
  std::string db;                         // "" = print JSON Lines
  std::optional<std::string> population;  // default: the space's name
  bool partial = false;                   // keep what was found when the band was not filled
  bool quiet = false;
};

bool ReadOptions(std::span<const std::string> args, SampleOptions& options) {
  OptionParser parser("sample --space NAME|FILE -n N --seed S [options]",
                      "Draws networks from a space by rejection until N different ones lie in the "
                      "band. The list depends on\nspace, seed and band alone; asking for more "
                      "extends it. Without --db it is printed as JSON Lines.");
  SpaceOptions& space = options.space_options;
  SampleRequest& request = options.request;
  parser.Text("space", "NAME|FILE", &options.space,
              "a built-in space ('dse space list') or a JSON file");
  parser.Int("count,n", "N", &request.count, 1, 100'000'000, "networks to draw");
  parser.Int("seed", "S", &request.seed, 0, INT64_MAX, "of the random streams (default 0)");
  parser.FlopBand("flops", &request.band, "multiply-adds, inclusive, such as 360M:400M");
  parser.Text("db", "FILE", &options.db, "results database to add the population to");
  parser.Text("population", "NAME", &options.population, "its name there (default: the space's)");
  parser.Int("resolution", "R", &space.resolution, 8, kMaxResolution, "input pixels a side");
  parser.Int("classes", "C", &space.classes, 1, kMaxClasses, "classes of the head");
  parser.Int("stages", "K", &space.stages, 1, kMaxStages, "stages of the body");
  parser.Text("stem", "STEM", &space.stem, "simple, cifar or resnet");
  parser.Int("stem-width", "W", &space.stem_width, 1, kMaxWidth, "channels of the stem");
  parser.Text("activation", "WORD", &space.activation, "relu or swish");
  parser.Int("max-tries", "T", &request.max_tries, 1, INT64_MAX,
             "candidates before giving up (1e9)");
  parser.Int("threads", "T", &request.threads, 0, 1024,
             "0 = one per core; changes nothing but speed");
  parser.Flag("partial", &options.partial, "keep what was found if the band cannot be filled");
  parser.Flag("quiet,q", &options.quiet, "no progress");
  parser.Require("space");
  parser.Require("count");
  return parser.Parse(args);
}

void Tell(const SampleOptions& options, const Space& space, const SampleResult& result) {
  const SampleReport& report = result.report;
  Say(options.quiet,
      fmt::format("{}: {} networks from {} candidates ({:.3g}% in the band, {} duplicates) in "
                  "{:.2f}s, {} candidates/s",
                  space.name(), result.draws.size(), report.candidates, 100 * report.AcceptRate(),
                  report.duplicates, report.seconds,
                  FormatCount(double(report.candidates) / std::max(report.seconds, 1e-9))));
}

// A file that is there is opened before anything is drawn, so that a wrong one costs no time.
std::optional<Database> OpenExisting(const std::string& path) {
  if (path.empty() || !std::filesystem::exists(path)) return {};
  return Database::Open(path, OpenMode::kReadWrite);
}

void Store(const SampleOptions& options, const Space& space, const SampleResult& result,
           Database& db) {
  PopulationRecord record;
  record.name = options.population.value_or(space.name());
  record.space_name = space.name();
  record.space_document = space.document().dump();
  record.seed = options.request.seed;
  record.band = options.request.band;
  record.candidates = result.report.candidates;
  record.sampler_version = kSamplerVersion;
  const StoreSummary stored = StorePopulation(db, record, result.draws);
  StoreFitsOf(db, result.draws);
  Say(options.quiet, options.db + ": population " + record.name + ", " + stored.Text());
}

}  // namespace

int RunSample(std::span<const std::string> args) {
  SampleOptions options;
  if (!ReadOptions(args, options)) return kExitOk;
  if (options.population && options.db.empty()) {
    throw UsageError("--population names a population in a database; give --db too");
  }
  const Space space = Space::Load(options.space, options.space_options);
  std::optional<Database> db = OpenExisting(options.db);
  SampleResult result;
  {
    ProgressLine progress("sampling", options.quiet);
    result = SamplePopulation(space, options.request, [&](int64_t found, int64_t candidates) {
      progress.Update(found, options.request.count,
                      FormatCount(double(candidates)) + " candidates tried");
      return true;
    });
  }
  if (!result.complete) {
    const std::string sentence = ExplainShortfall(space, options.request, result);
    if (!options.partial || result.draws.empty()) throw Error(sentence);
    Say(/*quiet=*/false, sentence);
  }
  if (options.db.empty()) {
    for (const Draw& draw : result.draws) std::cout << DrawLine(draw) << '\n';
  } else {
    if (!db) db = Database::Open(options.db, OpenMode::kCreate);
    Store(options, space, result, *db);
  }
  Tell(options, space, result);
  return kExitOk;
}

}  // namespace dse
