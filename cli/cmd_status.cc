#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <thread>

#include "cli/command.h"
#include "cli/live_screen.h"
#include "cli/options.h"
#include "cli/status_output.h"
#include "core/clock.h"
#include "core/printable.h"
#include "db/lock_wait.h"
#include "db/study_status.h"
#include "runner/slurm/queue.h"
#include "runner/work/stop_signals.h"

namespace dse {
namespace {

constexpr int kWatchSeconds = 2;
constexpr double kMostPause = 60;     // seconds between looks, unless it was told otherwise
constexpr double kQueuePause = 30;    // seconds: a controller has more to do than to answer us
constexpr double kQueuePatience = 5;  // seconds
constexpr std::chrono::milliseconds kPoll{50};

struct StatusOptions {
  std::string db;
  bool json = false;
  std::optional<int> watch;  // seconds from one look to the next
};

bool ReadOptions(std::span<const std::string> args, StatusOptions& options) {
  OptionParser parser("status --db FILE [--watch [SECONDS]] [--json]",
                      "Progress by series, runs in somebody's hands, jobs in Slurm's queue and "
                      "failures by cause, over the file and\nits shards. Writes nothing.");
  parser.Text("db", "FILE", &options.db, "results database");
  parser.OptionalInt("watch", "SECONDS", &options.watch, kWatchSeconds, 1, 86'400,
                     "again and again, until nothing is left to train (default every 2 seconds)");
  parser.Flag("json", &options.json, "as one JSON document on a line");
  parser.Require("db");
  return parser.Parse(args);
}

// Looks at the files, and now and then at the queue.
class Watcher {
 public:
  explicit Watcher(const StatusOptions& options) : options_(options) {}

  // Throws Error where the file cannot be read.
  void Look(const LockWait& wait) {
    view_.status = LoadStudyStatus(options_.db, wait);
    view_.time = SecondsSince1970();
    if (queue_read_ && SecondsSince(*queue_read_) < kQueuePause) return;
    queue_read_ = Clock::now();
    try {
      view_.queue = JobsOf(options_.db, kQueuePatience);
    } catch (const std::exception& error) {
      view_.queue = {SlurmAnswer::kSilent, error.what(), {}};
    }
  }

  const StatusView& view() const { return view_; }
  std::string Text() const { return options_.json ? StatusJson(view_) + "\n" : StatusText(view_); }
  // Until the next look: reading a large file must not become what the file is mostly locked for.
  double Pause() const {
    return std::max<double>(*options_.watch, std::min(kMostPause, 10 * view_.status.read_seconds));
  }

 private:
  const StatusOptions& options_;
  StatusView view_;
  std::optional<Clock::time_point> queue_read_;
};

// False where a stop signal came meanwhile.
bool Sleep(double seconds) {
  const auto begin = Clock::now();
  while (StopSignals::count() == 0 && SecondsSince(begin) < seconds) {
    std::this_thread::sleep_for(kPoll);
  }
  return StopSignals::count() == 0;
}

// A file that cannot be read for once is tried again.
std::string LookAgain(Watcher& watcher) {
  LockWait moment;
  moment.seconds = 1;
  try {
    watcher.Look(moment);
    return "";
  } catch (const Error& error) {
    return Printable(std::string("tried again soon: ") + error.what()) + "\n";
  }
}

int Watch(const StatusOptions& options) {
  const StopSignals signals;
  Watcher watcher(options);
  watcher.Look(DefaultLockWait());
  bool complete = false;
  {
    std::unique_ptr<LiveScreen> screen;
    if (!options.json) screen = std::make_unique<LiveScreen>();
    std::string trouble;
    while (true) {
      if (screen) {
        screen->Show(trouble + watcher.Text());
      } else if (trouble.empty()) {
        std::cout << watcher.Text() << std::flush;
      }
      complete = trouble.empty() && IsComplete(watcher.view());
      if (complete) break;
      if (!Sleep(watcher.Pause())) break;
      trouble = LookAgain(watcher);
    }
    if (!screen || !screen->borrowed()) return complete ? kExitOk : kExitInterrupted;
  }
  std::cout << watcher.Text();  // where the screen was
  return complete ? kExitOk : kExitInterrupted;
}

}  // namespace

int RunStatus(std::span<const std::string> args) {
  StatusOptions options;
  if (!ReadOptions(args, options)) return kExitOk;
  if (options.watch) return Watch(options);
  Watcher watcher(options);
  watcher.Look(DefaultLockWait());
  std::cout << watcher.Text() << std::flush;
  return kExitOk;
}

}  // namespace dse
