#include <chrono>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/command.h"
#include "cli/options.h"
#include "core/json.h"
#include "db/status.h"
#include "runner/work/forecast.h"

namespace dse {
namespace {

using OrderedJson = nlohmann::ordered_json;
constexpr std::chrono::seconds kWatchInterval{2};

struct StatusOptions {
  std::string db;
  bool json = false;
  bool watch = false;
};

bool ReadOptions(std::span<const std::string> args, StatusOptions& options) {
  OptionParser parser("status --db FILE [--watch] [--json]",
                      "Progress by series, runs in somebody's hands, and failures.");
  parser.Text("db", "FILE", &options.db, "results database");
  parser.Flag("watch", &options.watch, "again every two seconds, until interrupted");
  parser.Flag("json", &options.json, "as one JSON document");
  parser.Require("db");
  return parser.Parse(args);
}

OrderedJson OrNull(const std::optional<double>& value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

OrderedJson StatusJson(const DatabaseStatus& status) {
  OrderedJson json;
  json["populations"] = status.populations;
  json["models"] = status.models;
  json["series"] = OrderedJson::array();
  for (const SeriesStatus& s : status.series) {
    OrderedJson series = {{"population", s.population},
                          {"recipe", s.recipe},
                          {"data", s.dataset},
                          {"total", s.states.total()}};
    for (const Word<RunState>& state : kRunStateWords) series[state.text] = s.states[state.value];
    series["best_error"] = OrNull(s.best_error);
    series["mean_seconds"] = OrNull(s.mean_seconds);
    series["seconds_left"] = OrNull(SecondsLeft(s));
    json["series"].push_back(series);
  }
  json["workers"] = OrderedJson::array();
  for (const WorkerStatus& w : status.workers) {
    json["workers"].push_back({{"run", w.run_id},
                               {"hash", w.model_hash},
                               {"host", w.host},
                               {"device", w.device},
                               {"attempt", w.attempt},
                               {"epoch", w.epoch},
                               {"seconds", w.seconds},
                               {"lease_seconds", w.lease_seconds},
                               {"dead", w.certainly_dead}});
  }
  json["failures"] = OrderedJson::array();
  for (const FailureStatus& f : status.failures) {
    json["failures"].push_back({{"run", f.run_id},
                                {"hash", f.model_hash},
                                {"attempt", f.attempt},
                                {"message", f.message}});
  }
  return json;
}

void PrintSeries(const SeriesStatus& s) {
  std::printf("%s, %s, %s: %lld runs, %s", s.population.c_str(), s.recipe.c_str(),
              s.dataset.c_str(), static_cast<long long>(s.states.total()), s.states.Text().c_str());
  if (s.best_error) std::printf("; best %.2f%%", *s.best_error);
  const std::optional<double> left = SecondsLeft(s);
  if (left) std::printf("; about %s left", FormatDuration(*left).c_str());
  std::printf("\n");
}

void PrintStatus(const DatabaseStatus& status) {
  std::printf("%lld populations, %lld models\n", static_cast<long long>(status.populations),
              static_cast<long long>(status.models));
  for (const SeriesStatus& series : status.series) PrintSeries(series);
  for (const WorkerStatus& w : status.workers) {
    std::printf("run %lld (%s) on %s, attempt %lld, %lld epochs in %s%s\n",
                static_cast<long long>(w.run_id), w.model_hash.c_str(), w.host.c_str(),
                static_cast<long long>(w.attempt), static_cast<long long>(w.epoch),
                FormatDuration(w.seconds).c_str(),
                w.certainly_dead ? "; its process has ended, the next 'dse train' takes it over"
                : w.lease_seconds < 0 ? "; overdue"
                                      : "");
  }
  for (const FailureStatus& f : status.failures) {
    std::printf("run %lld (%s) failed at attempt %lld: %s\n", static_cast<long long>(f.run_id),
                f.model_hash.c_str(), static_cast<long long>(f.attempt), f.message.c_str());
  }
  std::fflush(stdout);
}

}  // namespace

int RunStatus(std::span<const std::string> args) {
  StatusOptions options;
  if (!ReadOptions(args, options)) return kExitOk;
  while (true) {
    Database db = Database::Open(options.db, OpenMode::kReadOnly);
    const DatabaseStatus status = LoadStatus(db);
    if (options.json) {
      std::cout << StatusJson(status).dump() << std::endl;
    } else {
      PrintStatus(status);
    }
    if (!options.watch) return kExitOk;
    std::this_thread::sleep_for(kWatchInterval);
    if (!options.json) std::printf("\n");
  }
}

}  // namespace dse
