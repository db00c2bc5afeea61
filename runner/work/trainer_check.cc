#include "runner/work/trainer_check.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <string>

#include "core/error.h"
#include "runner/work/process_end.h"
#include "runner/work/stop_signals.h"

namespace dse {
namespace {

constexpr int kPollMilliseconds = 100;

// A network that nothing trains here is left to fail by itself.
void CheckPrecision(const Trainer& trainer, const Model& model, const Recipe& recipe) {
  if (trainer.EngineFor(model, recipe).name.empty()) return;
  trainer.ResolvePrecision(model, recipe);
}

// Writes what is wrong, if anything, to `out`; ends without what belongs to the parent.
[[noreturn]] void Try(const TrainerFactory& factory, const TrainerOptions& options,
                      std::span<const StoredMember> members, const Recipe& recipe, int out) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::string reason;
  try {
    const std::unique_ptr<Trainer> trainer = factory(options);
    for (const StoredMember& member : members) CheckPrecision(*trainer, member.draw.model, recipe);
  } catch (const std::exception& failure) {
    reason = failure.what();
    if (reason.empty()) reason = "the trainer cannot be made";
  }
  const bool told = write(out, reason.data(), reason.size()) == static_cast<ssize_t>(reason.size());
  _exit(told ? 0 : 1);
}

// All that comes until the other end is closed; a stop signal ends `child`.
std::string ReadReason(int in, pid_t child) {
  std::string reason;
  char piece[512];
  for (bool open = true; open;) {
    if (StopSignals::count() > 0) kill(child, SIGKILL);
    pollfd waiting{in, POLLIN, 0};
    if (poll(&waiting, 1, kPollMilliseconds) <= 0) continue;
    const ssize_t count = read(in, piece, sizeof piece);
    if (count > 0) reason.append(piece, static_cast<size_t>(count));
    open = count > 0 || (count < 0 && errno == EINTR);
  }
  return reason;
}

}  // namespace

void CheckTrainer(const TrainerFactory& factory, const TrainerOptions& options,
                  std::span<const StoredMember> members, const Recipe& recipe) {
  int ends[2];
  if (pipe(ends) != 0) throw Error(std::string("cannot make a pipe: ") + std::strerror(errno));
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    Try(factory, options, members, recipe, ends[1]);
  }
  const int failed = child < 0 ? errno : 0;
  close(ends[1]);
  const std::string reason = child < 0 ? "" : ReadReason(ends[0], child);
  close(ends[0]);
  if (failed != 0) {
    throw Error(
        std::string("cannot start a process to try the trainer in: ") + std::strerror(failed),
        Fault::kMachine);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (StopSignals::count() > 0) return;
  if (!reason.empty()) throw Error(reason, Fault::kWorker);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  throw Error(std::string("the trainer cannot be made: its process ") +
                  (WIFSIGNALED(status) ? "was ended " : "ended ") + HowItEnded(status),
              Fault::kWorker);
}

}  // namespace dse
