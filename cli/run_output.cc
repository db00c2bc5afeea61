#include "cli/run_output.h"

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "core/json.h"
#include "core/printable.h"
#include "core/result.h"
#include "core/suggest.h"
#include "core/text_table.h"
#include "core/units.h"

namespace dse {
namespace {

using OrderedJson = nlohmann::ordered_json;

std::string Percent(const std::optional<double>& error) {
  return error ? FormatNumber("%.2f%%", *error) : "-";
}

std::string Seconds(const std::optional<double>& seconds) {
  return seconds ? FormatNumber("%.1f", *seconds) : "-";
}

std::string Time(double seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  char text[32];
  if (!gmtime_r(&time, &parts) ||
      std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0) {
    return FormatDouble(seconds) + " s since 1970";
  }
  return text;
}

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

// What a run that has no result now came to before: "before: done 41.20%".
std::string EarlierText(const ListedRun& run) {
  if (!run.earlier) return "";
  const std::string error = run.earlier->error ? " " + Percent(run.earlier->error) : "";
  return std::string("before: ") + RunStateText(run.earlier->state) + error;
}

std::string Note(const ListedRun& run) {
  const std::string earlier = EarlierText(run);
  const std::string message = FirstLine(run.message);
  return earlier.empty() || message.empty() ? message + earlier : message + "; " + earlier;
}

std::string ModelText(const ListedRun& run) { return run.model.empty() ? "-" : run.model; }

OrderedJson OrNull(const std::optional<double>& value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

OrderedJson OrNull(const std::string& text) {
  return text.empty() ? OrderedJson(nullptr) : OrderedJson(text);
}

OrderedJson RunJson(const ListedRun& run) {
  OrderedJson json = {{"run", run.id},
                      {"key", run.key},
                      {"populations", run.populations},
                      {"member", run.member},
                      {"model", OrNull(run.model)},
                      {"hash", OrNull(run.hash)},
                      {"recipe", run.recipe},
                      {"data", run.dataset},
                      {"seed", run.seed},
                      {"state", RunStateText(run.state)},
                      {"error", OrNull(run.error)},
                      {"best_error", OrNull(run.best_error)},
                      {"attempts", run.attempts},
                      {"seconds", OrNull(run.seconds)},
                      {"img_per_s", OrNull(run.img_per_s)},
                      {"precision", OrNull(run.precision)},
                      {"data_uri", OrNull(run.data_uri)},
                      {"message", OrNull(run.message)},
                      {"earlier", nullptr}};
  if (run.earlier) {
    json["earlier"] = {{"state", RunStateText(run.earlier->state)},
                       {"error", OrNull(run.earlier->error)}};
  }
  return json;
}

OrderedJson AttemptJson(const RunAttempt& attempt) {
  return {{"attempt", attempt.attempt},
          {"host", attempt.host},
          {"device", attempt.device},
          {"started_at", attempt.started_at},
          {"ended_at", OrNull(attempt.ended_at)},
          {"outcome", OrNull(attempt.outcome)},
          {"error", OrNull(attempt.error)},
          {"best_error", OrNull(attempt.best_error)},
          {"message", OrNull(attempt.message)}};
}

OrderedJson EpochJson(const RunEpoch& row) {
  const EpochRecord& epoch = row.epoch;
  return {{"attempt", row.attempt},
          {"epoch", epoch.epoch},
          {"lr", epoch.lr},
          {"train_loss", OrNull(epoch.train_loss)},
          {"train_error", OrNull(epoch.train_error)},
          {"test_loss", OrNull(epoch.test_loss)},
          {"test_error", OrNull(epoch.test_error)},
          {"seconds", epoch.seconds}};
}

std::string Dump(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

// One line whatever is in it.
std::string Line(const std::string& text) { return Printable(text) + "\n"; }

// What the run came to.
std::string StateText(const ListedRun& run) {
  std::string text = RunStateText(run.state);
  if (run.error) text += " " + Percent(run.error) + ", best " + Percent(run.best_error);
  if (run.seconds) text += ", " + FormatDuration(*run.seconds);
  if (run.img_per_s) text += ", " + FormatCount(*run.img_per_s) + " images/s";
  if (!run.precision.empty()) text += ", " + run.precision;
  if (!run.message.empty()) text += ": " + run.message;
  if (run.earlier) text += "; " + EarlierText(run);
  return text;
}

std::string AttemptText(const RunAttempt& attempt) {
  std::string text = "  attempt " + std::to_string(attempt.attempt) + ": " +
                     Time(attempt.started_at) + ", " + attempt.host + ", " + attempt.device + ": ";
  text += attempt.outcome.empty() ? "goes on" : attempt.outcome;
  if (attempt.error) text += " " + Percent(attempt.error);
  if (attempt.ended_at) {
    text += " after " + FormatDuration(std::max(0.0, *attempt.ended_at - attempt.started_at));
  }
  if (!attempt.message.empty()) text += ": " + attempt.message;
  return Line(text);
}

std::string EpochsText(const std::vector<RunEpoch>& epochs) {
  if (epochs.empty()) return "";
  std::vector<std::vector<std::string>> rows = {
      {"attempt", "epoch", "lr", "train loss", "train error", "test loss", "test error", "s"}};
  const auto loss = [](const std::optional<double>& value) {
    return value ? FormatNumber("%.4f", *value) : "-";
  };
  for (const auto& [attempt, epoch] : epochs) {
    rows.push_back({std::to_string(attempt), std::to_string(epoch.epoch),
                    FormatNumber("%.4g", epoch.lr), loss(epoch.train_loss),
                    Percent(epoch.train_error), loss(epoch.test_loss), Percent(epoch.test_error),
                    Seconds(epoch.seconds)});
  }
  return TextTable(rows);
}

}  // namespace

std::string RunsText(const std::vector<ListedRun>& runs) {
  std::vector<std::vector<std::string>> rows = {{"run", "population", "member", "model", "recipe",
                                                 "data", "seed", "state", "error", "attempts",
                                                 "seconds", "message"}};
  for (const ListedRun& run : runs) {
    rows.push_back({std::to_string(run.id), JoinWords(run.populations), std::to_string(run.member),
                    ModelText(run), run.recipe, run.dataset, std::to_string(run.seed),
                    RunStateText(run.state), Percent(run.error), std::to_string(run.attempts),
                    Seconds(run.seconds), Note(run)});
  }
  return TextTable(rows, {.indent = 0, .left = rows.front().size(), .widths = {}});
}

std::string RunsJson(const std::vector<ListedRun>& runs) {
  OrderedJson list = OrderedJson::array();
  for (const ListedRun& run : runs) list.push_back(RunJson(run));
  return Dump({{"runs", list}});
}

std::string RunText(const ShownRun& shown) {
  const auto& [run, history, files] = shown;
  std::string text =
      Line("run " + std::to_string(run.id) + " (" + run.key + "): " + ModelText(run) + ", member " +
           std::to_string(run.member) + " of " + JoinWords(run.populations) + ", " + run.recipe +
           ", " + run.dataset + ", seed " + std::to_string(run.seed));
  text += Line("  " + StateText(run));
  if (!run.data_uri.empty()) text += Line("  images of " + run.data_uri);
  for (const RunAttempt& attempt : history.attempts) text += AttemptText(attempt);
  text += EpochsText(history.epochs);
  for (const auto& [data, test] : history.evaluations) {
    text += Line("  tested on " + data + (test.split.empty() ? "" : " (" + test.split + ")") +
                 (test.naming.empty() ? "" : ", classes " + test.naming) + ": " +
                 Percent(test.error) + " of " + std::to_string(test.images) + " images");
  }
  for (const std::string& file : files.checkpoints) text += Line("  checkpoint " + file);
  for (const std::string& file : files.weights) text += Line("  weights " + file);
  return text;
}

std::string ShownRunsJson(const std::vector<ShownRun>& runs) {
  OrderedJson list = OrderedJson::array();
  for (const auto& [run, history, files] : runs) {
    OrderedJson json = RunJson(run);
    json["attempts"] = OrderedJson::array();
    for (const RunAttempt& attempt : history.attempts) {
      json["attempts"].push_back(AttemptJson(attempt));
    }
    json["epochs"] = OrderedJson::array();
    for (const RunEpoch& epoch : history.epochs) json["epochs"].push_back(EpochJson(epoch));
    json["evaluations"] = OrderedJson::array();
    for (const auto& [data, test] : history.evaluations) {
      json["evaluations"].push_back({{"data", data},
                                     {"split", OrNull(test.split)},
                                     {"naming", OrNull(test.naming)},
                                     {"error", test.error},
                                     {"images", test.images}});
    }
    json["checkpoints"] = files.checkpoints;
    json["weights"] = files.weights;
    list.push_back(std::move(json));
  }
  return Dump({{"runs", list}});
}

}  // namespace dse
