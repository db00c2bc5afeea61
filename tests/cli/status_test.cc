#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/live_screen.h"
#include "cli/status_output.h"
#include "core/json.h"
#include "tests/cli/program.h"
#include "tests/support/eventually.h"
#include "tests/support/file_lock.h"

namespace dse::status_test {
namespace {

using Catch::Matchers::Contains;

// Three networks with errors, of which the first is made pending again.
struct StatusStudy {
  explicit StatusStudy(bool complete, const std::string& population = "A") {
    std::string rows = "population,error,model\n";
    for (int i = 1; i <= 3; ++i) {
      rows += population + "," + std::to_string(20 + i) + R"(,"{""depths"":[)" + std::to_string(i) +
              R"(],""widths"":[16]}")" + "\n";
    }
    REQUIRE(Dse({"import", "--db", db, folder.Write("r.csv", rows)}).code == 0);
    if (complete) return;
    Query(db,
          "UPDATE runs SET state = 'pending', error = NULL, best_error = NULL WHERE id = 1"
          " RETURNING id");
  }
  TempFolder folder;
  std::string db = folder / "s.db";
};

// The words of a call that finds no Slurm, whatever is installed here.
Words WithoutSlurm(Words words) {
  words.insert(words.begin(), {"env", "PATH=/nowhere", DSE_PROGRAM, "status"});
  return words;
}

std::string Slurp(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// A watch left running, with its output in a file.
class RunningWatch {
 public:
  explicit RunningWatch(const StatusStudy& study)
      : out_(study.folder / "out"),
        process_({"sh", "-c", "PATH=/nowhere exec \"$0\" status --db \"$1\" --watch 1 >\"$2\"",
                  DSE_PROGRAM, study.db, out_}) {}
  bool Shows(const std::string& part) const {
    return Eventually([&] { return Slurp(out_).find(part) != std::string::npos; });
  }
  BackgroundProcess& process() { return process_; }
  std::string out() const { return Slurp(out_); }

 private:
  std::string out_;
  BackgroundProcess process_;
};

StatusView FullView() {
  StatusView view;
  StudyStatus& status = view.status;
  status.populations = 1;
  status.models = 6;
  status.files = {{"s.db", ""}, {"s.db.shards/0.db", ""}, {"s.db.shards/1.db", "is locked"}};
  status.runs[RunState::kDone] = 20;
  status.runs[RunState::kPending] = 40;
  status.runs[RunState::kRunning] = 2;
  status.recent = {20, 3600};
  SeriesStatus series{"RegNetX", "cifar", "synthetic", status.runs, 12.5, 300, {20, 3600}};
  status.series.push_back(series);
  WorkerStatus worker;
  worker.run_id = 7;
  worker.model_hash = "00ff";
  worker.host = "gpu03";
  worker.device = "cuda:0, NVIDIA H200, GPU-a";
  worker.attempt = 2;
  worker.epoch = 3;
  worker.epochs = 10;
  worker.seconds = 65;
  worker.silent_seconds = 12;
  worker.lease_seconds = 108;
  worker.shard = "0.db";
  status.workers.push_back(worker);
  status.failures.push_back({9, "0a0a", 3, "image 4.png is broken", 1000, ""});
  status.causes.push_back({RunState::kFailed, 5, status.failures.front()});
  view.queue.answer = SlurmAnswer::kAnswered;
  QueuedJob job;
  job.array_id = 17;
  job.task = 3;
  job.state = "PENDING";
  job.reason = "Resources";
  job.partition = "gpu";
  job.user = "ann";
  view.queue.jobs.push_back(job);
  return view;
}

TEST_CASE("the status says all there is to know in lines", "[cli][status]") {
  CHECK(StatusText(FullView()) ==
        "1 populations, 6 models; 62 runs, 20 done, 40 pending, 2 running; 20 runs/h; about 2h 6m "
        "0s left\n"
        "2 shards; s.db.shards/1.db left out: is locked\n"
        "RegNetX, cifar, synthetic: 62 runs, 20 done, 40 pending, 2 running; best 12.50%; 20 "
        "runs/h; about 2h 6m 0s left\n"
        "1 job in Slurm's queue, 1 of them waiting\n"
        "job 17_3 of ann in gpu: PENDING, Resources\n"
        "run 7 of 0.db (00ff) on gpu03, cuda:0, NVIDIA H200, GPU-a: attempt 2, 3 of 10 epochs in "
        "1m 5s; heard of 12s ago\n"
        "5 failed, the latest run 9 (0a0a) at attempt 3: image 4.png is broken\n");
}

TEST_CASE("where Slurm is not, it is not spoken of; where it is silent, that is said",
          "[cli][status]") {
  StatusView view = FullView();
  view.queue = {SlurmAnswer::kNoSlurm, "there is no squeue on this machine", {}};
  CHECK_THAT(StatusText(view), !Contains("queue"));
  view.queue = {SlurmAnswer::kSilent, "squeue: unable to contact the controller", {}};
  CHECK_THAT(StatusText(view), Contains("not known: squeue: unable to contact"));
}

TEST_CASE("a study is complete when no run is left, no job waits and every file was read",
          "[cli][status]") {
  StatusView view = FullView();
  view.status.files.clear();
  view.queue = {SlurmAnswer::kNoSlurm, "", {}};
  CHECK_FALSE(IsComplete(view));
  view.status.runs[RunState::kPending] = 0;
  CHECK_FALSE(IsComplete(view));
  view.status.runs[RunState::kRunning] = 0;
  view.status.workers.resize(1);
  view.status.workers[0].lease_seconds = 100;
  CHECK_FALSE(IsComplete(view));
  view.status.workers[0].certainly_dead = true;
  CHECK(IsComplete(view));
  view.status.workers.clear();
  CHECK(IsComplete(view));
  view.queue.answer = SlurmAnswer::kAnswered;
  CHECK(IsComplete(view));
  view.queue.jobs.emplace_back();
  CHECK_FALSE(IsComplete(view));
  view.queue = {SlurmAnswer::kSilent, "", {}};
  CHECK_FALSE(IsComplete(view));
  view.queue.answer = SlurmAnswer::kNoSlurm;
  view.status.files.push_back({"s.db.shards/0.db", "is locked"});
  CHECK_FALSE(IsComplete(view));
}

TEST_CASE("nothing in the lines of a status is obeyed by a terminal", "[cli][status]") {
  const StatusStudy study(true, "\033[2Jevil\a");
  const ProcessResult result = RunProcess(WithoutSlurm({"--db", study.db}));
  CHECK(result.code == 0);
  CHECK_THAT(result.out, Contains("\\x1b[2Jevil\\x07"));
  CHECK_THAT(result.out, !Contains("\033") && !Contains("\a"));
}

TEST_CASE("the JSON of a status has the documented keys", "[cli][status]") {
  const StatusStudy study(false);
  const ProcessResult result = RunProcess(WithoutSlurm({"--db", study.db, "--json"}));
  REQUIRE(result.code == 0);
  CHECK(std::count(result.out.begin(), result.out.end(), '\n') == 1);
  const Json json = ParseJson(result.out, "status");
  CHECK(json["complete"] == false);
  CHECK(json["runs"]["total"] == 3);
  CHECK(json["runs"]["done"] == 2);
  CHECK(json["runs"]["pending"] == 1);
  CHECK(json["files"][0]["path"] == study.db);
  CHECK(json["series"][0]["population"] == "A");
  CHECK(json["series"][0]["pending"] == 1);
  CHECK(json["queue"]["slurm"] == "no slurm");
  CHECK(json["queue"]["jobs"].empty());
  const Json full = ParseJson(StatusJson(FullView()), "status");
  CHECK(full["seconds_left"] == 42 * 180);
  CHECK(full["runs_per_hour"] == 20);
  CHECK(full["workers"][0]["device"] == "cuda:0, NVIDIA H200, GPU-a");
  CHECK(full["workers"][0]["silent_seconds"] == 12);
  CHECK(full["workers"][0]["shard"] == "0.db");
  CHECK(full["causes"][0]["count"] == 5);
  CHECK(full["causes"][0]["state"] == "failed");
  CHECK(full["failures"][0]["run"] == 9);
  CHECK(full["queue"]["jobs"][0]["job"] == "17_3");
  CHECK(full["files"][2]["skipped"] == "is locked");
}

TEST_CASE("a watch ends by itself where nothing is left to train", "[cli][status]") {
  const StatusStudy study(true);
  const ProcessResult text = RunProcess(WithoutSlurm({"--db", study.db, "--watch"}));
  CHECK(text.code == 0);
  CHECK_THAT(text.out, Contains("3 done") && !Contains("\033"));
  const ProcessResult json = RunProcess(WithoutSlurm({"--watch", "5", "--json", "--db", study.db}));
  CHECK(json.code == 0);
  CHECK(ParseJson(json.out, "status")["complete"] == true);
}

TEST_CASE("a watch goes on until it is interrupted", "[cli][status]") {
  for (const int signal : {SIGINT, SIGTERM}) {
    const StatusStudy study(false);
    RunningWatch watch(study);
    REQUIRE(watch.Shows("1 pending"));
    watch.process().Signal(signal);
    CHECK(watch.process().Wait() == 130);
  }
}

TEST_CASE("a watch tries a locked file again and ends when the last run has ended",
          "[cli][status]") {
  const StatusStudy study(false);
  RunningWatch watch(study);
  REQUIRE(watch.Shows("1 pending"));
  {
    FileLock other(study.db);
    CHECK(watch.Shows("tried again soon: " + study.db +
                      ": another program has kept the file locked"));
    other.Execute("UPDATE runs SET state = 'cancelled' WHERE id = 1; COMMIT");
  }
  CHECK(watch.process().Wait() == 0);
  CHECK_THAT(watch.out(), Contains("1 cancelled"));
}

TEST_CASE("how often a watch looks is a whole number of seconds", "[cli][status]") {
  const StatusStudy study(true);
  for (const char* word : {"0", "soon", "1.5"}) {
    const ProcessResult result = RunProcess(WithoutSlurm({"--db", study.db, "--watch", word}));
    CHECK(result.code == 2);
    CHECK_THAT(result.err, Contains("--watch") && Contains(word));
  }
}

TEST_CASE("a redrawn text fits the terminal and leaves nothing of the old one", "[cli][status]") {
  CHECK(Redrawn("one\ntwo\n", 10, 80) == "\033[Hone\033[K\r\ntwo\033[K\033[J");
  CHECK(Redrawn("abcdef\n", 10, 3) == "\033[Habc\033[K\033[J");
  CHECK(Redrawn("\xC3\xA4\xC3\xB6\xC3\xBC\n", 10, 2) == "\033[H\xC3\xA4\xC3\xB6\033[K\033[J");
  CHECK(Redrawn("1\n2\n3\n4\n", 3, 80) ==
        "\033[H1\033[K\r\n2\033[K\r\n... 2 lines more\033[K\033[J");
}

TEST_CASE("on a terminal a watch borrows the screen and leaves the last status behind",
          "[cli][status]") {
  const StatusStudy study(true);
  int terminal = -1;
  const pid_t child = forkpty(&terminal, nullptr, nullptr, nullptr);
  REQUIRE(child >= 0);
  if (child == 0) {
    setenv("PATH", "/nowhere", 1);
    execl(DSE_PROGRAM, DSE_PROGRAM, "status", "--db", study.db.c_str(), "--watch", nullptr);
    _exit(127);
  }
  std::string all;
  char piece[4096];
  for (ssize_t got; (got = read(terminal, piece, sizeof piece)) > 0;) {
    all.append(piece, static_cast<size_t>(got));
  }
  close(terminal);
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  const size_t borrowed = all.find("\033[?1049h"), given_back = all.find("\033[?1049l");
  REQUIRE(borrowed != std::string::npos);
  REQUIRE(given_back != std::string::npos);
  CHECK(borrowed < all.find("3 done"));
  CHECK(all.find("3 done", given_back) != std::string::npos);
}

}  // namespace
}  // namespace dse::status_test
