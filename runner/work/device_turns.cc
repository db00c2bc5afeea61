#include "runner/work/device_turns.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include "core/error.h"

// Record locks on two bytes a device of a file in memory. The system drops them with the process.
// Whoever wants a turn takes the first byte, the gate, then the second, read by many or written by
// one, and opens the gate again; so one that waits for the device alone is passed by nobody.

namespace dse {
namespace {

constexpr std::chrono::milliseconds kTurnPoll{20};

bool Lock(int file, int64_t at, short kind) {
  struct flock lock {};
  lock.l_type = kind;
  lock.l_whence = SEEK_SET;
  lock.l_start = at;
  lock.l_len = 1;
  while (fcntl(file, F_SETLK, &lock) != 0) {
    if (errno == EINTR) continue;
    if (errno == EACCES || errno == EAGAIN) return false;
    throw Error(std::string("cannot take turns on a device: ") + std::strerror(errno),
                Fault::kMachine);
  }
  return true;
}

int64_t Gate(int device) { return 2 * int64_t{device}; }
int64_t Turn(int device) { return Gate(device) + 1; }

bool WaitFor(int file, int64_t at, short kind, const std::function<bool()>& give_up) {
  while (!Lock(file, at, kind)) {
    if (give_up && give_up()) return false;
    std::this_thread::sleep_for(kTurnPoll);
  }
  return true;
}

bool Take(int file, int device, short kind, const std::function<bool()>& give_up) {
  if (!WaitFor(file, Gate(device), F_WRLCK, give_up)) return false;
  const bool taken = WaitFor(file, Turn(device), kind, give_up);
  Lock(file, Gate(device), F_UNLCK);
  return taken;
}

}  // namespace

DeviceTurns::DeviceTurns() : file_(memfd_create("dse-device-turns", MFD_CLOEXEC)) {
  if (file_ < 0) {
    throw Error(std::string("cannot share memory with the workers: ") + std::strerror(errno),
                Fault::kMachine);
  }
}

DeviceTurns::~DeviceTurns() { close(file_); }

bool DeviceTurns::Share(int device, const std::function<bool()>& give_up) const {
  return Take(file_, device, F_RDLCK, give_up);
}

bool DeviceTurns::TakeAlone(int device, const std::function<bool()>& give_up) const {
  Leave(device);
  return Take(file_, device, F_WRLCK, give_up);
}

void DeviceTurns::Leave(int device) const { Lock(file_, Turn(device), F_UNLCK); }

WorkerTurns::WorkerTurns(const DeviceTurns& turns, const DeviceAssignment& devices, int worker)
    : turns_(turns), device_(devices.places[static_cast<size_t>(worker)].group) {
  shared_ = std::ranges::count(devices.places, device_, &WorkerPlace::group) > 1;
}

bool WorkerTurns::Share(const std::function<bool()>& give_up) {
  alone_ = false;
  return !shared_ || turns_.Share(device_, give_up);
}

bool WorkerTurns::TakeAlone(const std::function<bool()>& give_up) {
  alone_ = !shared_ || turns_.TakeAlone(device_, give_up);
  return alone_;
}

void WorkerTurns::Leave() {
  alone_ = false;
  if (shared_) turns_.Leave(device_);
}

}  // namespace dse
