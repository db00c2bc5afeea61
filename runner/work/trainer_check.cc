#include "runner/work/trainer_check.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <memory>
#include <sstream>
#include <string>

#include "core/error.h"
#include "runner/work/placement.h"
#include "runner/work/process_end.h"
#include "runner/work/stop_signals.h"

namespace dse {
namespace {

constexpr int kPollMilliseconds = 100;

// The first byte of what the process says.
constexpr char kReport = '+';
constexpr char kComplaint = '-';

// What the process of its own does; what it returns is reported.
using Action = std::function<std::string()>;

// Writes the report, or what is wrong, to `out`; ends without what belongs to the parent.
[[noreturn]] void Try(const Action& action, int out) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::string said;
  try {
    said = kReport + action();
  } catch (const std::exception& failure) {
    const std::string reason = failure.what();
    said = kComplaint + (reason.empty() ? "the trainer cannot be made" : reason);
  }
  const bool told = write(out, said.data(), said.size()) == static_cast<ssize_t>(said.size());
  _exit(told ? 0 : 1);
}

// All that comes until the other end is closed; a stop signal ends `child`.
std::string ReadAll(int in, pid_t child) {
  std::string text;
  char piece[512];
  for (bool open = true; open;) {
    if (StopSignals::count() > 0) kill(child, SIGKILL);
    pollfd waiting{in, POLLIN, 0};
    if (poll(&waiting, 1, kPollMilliseconds) <= 0) continue;
    const ssize_t count = read(in, piece, sizeof piece);
    if (count > 0) text.append(piece, static_cast<size_t>(count));
    open = count > 0 || (count < 0 && errno == EINTR);
  }
  return text;
}

// What `action` returns in a process of its own; "" where a stop signal came.
std::string Apart(const Action& action) {
  int ends[2];
  if (pipe(ends) != 0) throw Error(std::string("cannot make a pipe: ") + std::strerror(errno));
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    Try(action, ends[1]);
  }
  const int failed = child < 0 ? errno : 0;
  close(ends[1]);
  const std::string said = child < 0 ? "" : ReadAll(ends[0], child);
  close(ends[0]);
  if (failed != 0) {
    throw Error(
        std::string("cannot start a process to try the trainer in: ") + std::strerror(failed),
        Fault::kMachine);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (StopSignals::count() > 0) return "";
  if (!said.empty() && said.front() == kComplaint) throw Error(said.substr(1), Fault::kWorker);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return said.substr(1);
  throw Error(std::string("the trainer cannot be made: its process ") +
                  (WIFSIGNALED(status) ? "was ended " : "ended ") + HowItEnded(status),
              Fault::kWorker);
}

// A network that nothing trains here in any precision is left to fail by itself.
void CheckPrecision(const Trainer& trainer, const Model& model, const Recipe& recipe) {
  Recipe exact = recipe;
  exact.precision = Precision::kFp32;
  if (trainer.EngineFor(model, exact).name.empty()) return;
  trainer.ResolvePrecision(model, recipe);
}

// A line "UUID NAME" for each GPU, if they are asked for.
std::string ListGpus(const TrainRequest& request) {
  std::string lines;
  if (!AsksForGpus(request) || !request.list_gpus) return lines;
  for (const GpuIdentity& gpu : request.list_gpus()) lines += gpu.uuid + " " + gpu.name + "\n";
  return lines;
}

std::vector<GpuIdentity> ReadGpus(const std::string& lines) {
  std::vector<GpuIdentity> gpus;
  std::istringstream in(lines);
  GpuIdentity gpu;
  while (in >> gpu.uuid && std::getline(in >> std::ws, gpu.name)) {
    gpu.index = static_cast<int>(gpus.size());
    gpus.push_back(gpu);
  }
  return gpus;
}

}  // namespace

std::vector<GpuIdentity> CheckTrainer(const TrainerFactory& factory, const TrainRequest& request,
                                      std::span<const StoredMember> members) {
  return ReadGpus(Apart([&] {
    TrainerOptions options = request.trainer;
    options.threads = std::max(1, options.threads);
    const std::unique_ptr<Trainer> trainer = factory(options);
    for (const StoredMember& member : members) {
      CheckPrecision(*trainer, member.draw.model, request.recipe);
    }
    return ListGpus(request);
  }));
}

std::vector<GpuIdentity> SeeGpus(const TrainRequest& request) {
  if (!AsksForGpus(request)) return {};
  return ReadGpus(Apart([&] { return ListGpus(request); }));
}

}  // namespace dse
