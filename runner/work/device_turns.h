#pragma once

#include <functional>

#include "runner/work/device_assignment.h"

namespace dse {

// Who may train on a device now: any number of workers side by side, or one alone. Shared with the
// processes forked later; what a process that ends had taken is free again, however it ended. A
// process has one turn at a time on a device. Devices are the groups of device_assignment.h.
class DeviceTurns {
 public:
  // Throws Error, the machine's fault, where the system gives no memory to share.
  DeviceTurns();
  ~DeviceTurns();
  DeviceTurns(const DeviceTurns&) = delete;
  DeviceTurns& operator=(const DeviceTurns&) = delete;

  // Takes a turn beside others; waits while one has, or waits for, the device alone. False, without
  // a turn, as soon as `give_up` says so in a wait.
  bool Share(int device, const std::function<bool()>& give_up) const;
  // In place of the turn beside others, if there is one: waits until nobody else has a turn, and
  // lets no further worker begin meanwhile.
  bool TakeAlone(int device, const std::function<bool()>& give_up) const;
  void Leave(int device) const;

 private:
  int file_;
};

// What begins the message of a run that ran out of memory beside other workers and was given back:
// whoever claims it next trains it alone.
inline constexpr const char* kOutOfMemoryBeside =
    "out of memory beside other workers of its device, to be tried again alone: ";

// The turns of one worker of a call on its device; without waiting where no other has the device.
class WorkerTurns {
 public:
  WorkerTurns(const DeviceTurns& turns, const DeviceAssignment& devices, int worker);
  bool Share(const std::function<bool()>& give_up);
  bool TakeAlone(const std::function<bool()>& give_up);
  void Leave();
  // Whether other workers have the device too.
  bool shared() const { return shared_; }
  // Whether memory that ran out in this turn may have been another worker's.
  bool beside_others() const { return shared_ && !alone_; }

 private:
  const DeviceTurns& turns_;
  int device_ = 0;
  bool shared_ = false;
  bool alone_ = false;
};

}  // namespace dse
