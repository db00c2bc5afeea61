#include "cli/status_output.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "core/printable.h"
#include "core/units.h"
#include "runner/work/forecast.h"

namespace dse {
namespace {

using OrderedJson = nlohmann::ordered_json;

// Of lists in the text; JSON has all.
constexpr size_t kMostCauses = 10;
constexpr size_t kMostJobs = 10;

template <typename T>
OrderedJson OrNull(const std::optional<T>& value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

void AddStates(OrderedJson& json, const StateCounts& states) {
  json["total"] = states.total();
  for (const Word<RunState>& state : kRunStateWords) json[state.text] = states[state.value];
}

OrderedJson SeriesJson(const SeriesStatus& s) {
  OrderedJson json = {{"population", s.population}, {"recipe", s.recipe}, {"data", s.dataset}};
  AddStates(json, s.states);
  json["best_error"] = OrNull(s.best_error);
  json["mean_seconds"] = OrNull(s.mean_seconds);
  json["runs_per_hour"] = OrNull(s.recent.PerHour());
  json["seconds_left"] = OrNull(SecondsLeft(s));
  return json;
}

OrderedJson WorkerJson(const WorkerStatus& w) {
  return {{"run", w.run_id},
          {"hash", w.model_hash},
          {"host", w.host},
          {"device", w.device},
          {"attempt", w.attempt},
          {"epoch", w.epoch},
          {"epochs", w.epochs},
          {"seconds", w.seconds},
          {"silent_seconds", w.silent_seconds},
          {"lease_seconds", w.lease_seconds},
          {"dead", w.certainly_dead},
          {"shard", w.shard}};
}

OrderedJson FailureJson(const FailureStatus& f) {
  return {{"run", f.run_id},      {"hash", f.model_hash},   {"attempt", f.attempt},
          {"message", f.message}, {"ended_at", f.ended_at}, {"shard", f.shard}};
}

const char* AnswerWord(SlurmAnswer answer) {
  switch (answer) {
    case SlurmAnswer::kAnswered:
      return "answered";
    case SlurmAnswer::kRefused:
      return "refused";
    case SlurmAnswer::kNoSlurm:
      return "no slurm";
    case SlurmAnswer::kSilent:
      break;
  }
  return "silent";
}

OrderedJson QueueJson(const JobQueue& queue) {
  OrderedJson jobs = OrderedJson::array();
  for (const QueuedJob& job : queue.jobs) {
    jobs.push_back({{"job", job.Name()},
                    {"state", job.state},
                    {"reason", job.reason},
                    {"partition", job.partition},
                    {"user", job.user},
                    {"start", OrNull(job.start)},
                    {"end", OrNull(job.end)}});
  }
  return {{"slurm", AnswerWord(queue.answer)}, {"error", queue.error}, {"jobs", jobs}};
}

std::string Count(int64_t count, const char* one, const char* several) {
  return fmt::format("{} {}", count, count == 1 ? one : several);
}

// "; 31.2 runs/h; about 2h left"
std::string Pace(const std::optional<double>& per_hour, const std::optional<double>& left) {
  std::string text;
  if (per_hour) {
    text += "; " + (*per_hour < 10 ? FormatNumber("%.1f", *per_hour) : FormatCount(*per_hour)) +
            " runs/h";
  }
  if (left) text += "; about " + FormatDuration(*left) + " left";
  return text;
}

std::string FilesText(const StudyStatus& status) {
  if (status.files.size() < 2) return "";
  std::string text = Count(static_cast<int64_t>(status.files.size()) - 1, "shard", "shards");
  for (const StatusSource& file : status.files) {
    if (!file.skipped.empty()) text += fmt::format("; {} left out: {}", file.path, file.skipped);
  }
  return Printable(text) + "\n";
}

std::string SeriesText(const SeriesStatus& s) {
  std::string text = fmt::format("{}, {}, {}: {} runs, {}", s.population, s.recipe, s.dataset,
                                 s.states.total(), s.states.Text());
  if (s.best_error) text += fmt::format("; best {:.2f}%", *s.best_error);
  return Printable(text + Pace(s.recent.PerHour(), SecondsLeft(s))) + "\n";
}

std::string InShard(const std::string& shard) { return shard.empty() ? "" : " of " + shard; }

std::string WorkerText(const WorkerStatus& w) {
  std::string text = fmt::format("run {}{} ({}) on {}, {}: attempt {}, ", w.run_id,
                                 InShard(w.shard), w.model_hash, w.host, w.device, w.attempt);
  text += w.epochs > 0 ? fmt::format("{} of {} epochs", w.epoch, w.epochs)
                       : fmt::format("{} epochs", w.epoch);
  text += " in " + FormatDuration(w.seconds);
  if (w.certainly_dead) {
    text += "; its process has ended, the next 'dse train' takes it over";
  } else {
    text += fmt::format("; heard of {} ago", FormatDuration(w.silent_seconds));
    if (w.lease_seconds < 0) text += ", overdue";
  }
  return Printable(text) + "\n";
}

std::string QueueText(const JobQueue& queue) {
  if (queue.answer == SlurmAnswer::kNoSlurm) return "";
  if (queue.answer != SlurmAnswer::kAnswered) {
    return Printable("jobs in the queue are not known: " + queue.error) + "\n";
  }
  int64_t waiting = 0;
  for (const QueuedJob& job : queue.jobs) waiting += job.Waits() ? 1 : 0;
  const auto all = static_cast<int64_t>(queue.jobs.size());
  std::string text = all == 0 ? "no jobs in Slurm's queue\n"
                              : fmt::format("{} in Slurm's queue, {} of them waiting\n",
                                            Count(all, "job", "jobs"), waiting);
  for (size_t i = 0; i < std::min(queue.jobs.size(), kMostJobs); ++i) {
    const QueuedJob& job = queue.jobs[i];
    text += Printable(fmt::format("job {} of {} in {}: {}{}", job.Name(), job.user, job.partition,
                                  job.state, job.Waits() ? ", " + job.reason : "")) +
            "\n";
  }
  if (queue.jobs.size() > kMostJobs) {
    text += fmt::format("... {} jobs more\n", queue.jobs.size() - kMostJobs);
  }
  return text;
}

std::string CausesText(const std::vector<FailureCause>& causes) {
  std::string text;
  for (size_t i = 0; i < std::min(causes.size(), kMostCauses); ++i) {
    const FailureCause& cause = causes[i];
    const FailureStatus& latest = cause.latest;
    text += Printable(fmt::format("{} {}, the latest run {}{} ({}) at attempt {}: {}", cause.count,
                                  RunStateText(cause.state), latest.run_id, InShard(latest.shard),
                                  latest.model_hash, latest.attempt, latest.message)) +
            "\n";
  }
  if (causes.size() > kMostCauses) {
    text += fmt::format("... {} causes more\n", causes.size() - kMostCauses);
  }
  return text;
}

}  // namespace

std::string StatusJson(const StatusView& view) {
  const StudyStatus& status = view.status;
  OrderedJson json = {{"time", view.time}, {"complete", IsComplete(view)}};
  json["populations"] = status.populations;
  json["models"] = status.models;
  AddStates(json["runs"], status.runs);
  json["runs_per_hour"] = OrNull(status.recent.PerHour());
  json["seconds_left"] = OrNull(SecondsLeft(status.runs, status.recent));
  for (const char* list : {"files", "series", "workers", "failures", "causes"}) {
    json[list] = OrderedJson::array();
  }
  for (const StatusSource& file : status.files) {
    json["files"].push_back({{"path", file.path}, {"skipped", file.skipped}});
  }
  for (const SeriesStatus& series : status.series) json["series"].push_back(SeriesJson(series));
  for (const WorkerStatus& worker : status.workers) json["workers"].push_back(WorkerJson(worker));
  json["queue"] = QueueJson(view.queue);
  for (const FailureStatus& failure : status.failures) {
    json["failures"].push_back(FailureJson(failure));
  }
  for (const FailureCause& cause : status.causes) {
    OrderedJson row = {{"state", RunStateText(cause.state)}, {"count", cause.count}};
    row.update(FailureJson(cause.latest));
    json["causes"].push_back(row);
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string StatusText(const StatusView& view) {
  const StudyStatus& status = view.status;
  std::string text = fmt::format("{} populations, {} models", status.populations, status.models);
  if (status.runs.total() > 0) {
    text += fmt::format("; {} runs, {}", status.runs.total(), status.runs.Text()) +
            Pace(status.recent.PerHour(), SecondsLeft(status.runs, status.recent));
  }
  text += "\n" + FilesText(status);
  for (const SeriesStatus& series : status.series) text += SeriesText(series);
  text += QueueText(view.queue);
  for (const WorkerStatus& worker : status.workers) text += WorkerText(worker);
  return text + CausesText(status.causes);
}

bool IsComplete(const StatusView& view) {
  for (const StatusSource& file : view.status.files) {
    if (!file.skipped.empty()) return false;
  }
  const bool known =
      view.queue.answer == SlurmAnswer::kAnswered || view.queue.answer == SlurmAnswer::kNoSlurm;
  for (const WorkerStatus& worker : view.status.workers) {
    if (!worker.certainly_dead && worker.lease_seconds > 0) return false;
  }
  const StateCounts& runs = view.status.runs;
  return runs.total() > 0 && runs[RunState::kPending] + runs[RunState::kRunning] == 0 && known &&
         view.queue.jobs.empty();
}

}  // namespace dse
