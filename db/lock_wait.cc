#include "db/lock_wait.h"

#include <cmath>
#include <utility>

#include "core/units.h"

namespace dse {
namespace {

LockWait& Default() {
  static LockWait wait;
  return wait;
}

// "10 min", "1.5 s".
std::string TimeText(double seconds) {
  const bool minutes = seconds >= 60 && std::fmod(seconds, 60) == 0;
  return FormatDouble(minutes ? seconds / 60 : seconds) + (minutes ? " min" : " s");
}

}  // namespace

void SetLockWait(LockWait wait) { Default() = std::move(wait); }

const LockWait& DefaultLockWait() { return Default(); }

std::string LockNotice(const std::string& path, double seconds) {
  return path + " is locked by another program; waiting up to " + TimeText(seconds) +
         " (--lock-wait)";
}

std::string LockSentence(double seconds, bool interrupted) {
  if (interrupted) return "another program has locked the file, and waiting for it was interrupted";
  if (seconds <= 0) return "another program has locked the file; run the command again later";
  return "another program has kept the file locked for " + TimeText(seconds) +
         "; run the command again when it has finished, or wait longer with --lock-wait";
}

}  // namespace dse
