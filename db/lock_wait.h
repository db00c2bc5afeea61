#pragma once

#include <functional>
#include <string>

namespace dse {

// How a connection waits for a file that another program has locked.
struct LockWait {
  double seconds = 600;       // then it gives up with an Error; 0 = not at all
  double notice_seconds = 5;  // until `notice` is called, once in a wait
  std::function<void(const std::string&)> notice{};
  // Asked from the third second of a wait on, so that an ordinary lock of a moment is still waited
  // for; true ends the wait.
  std::function<bool()> interrupted{};
};

// What connections of this process wait unless told otherwise when they are opened; processes
// forked later inherit it. To be set while no other thread has a connection.
void SetLockWait(LockWait wait);
const LockWait& DefaultLockWait();

// "FILE is locked by another program; waiting up to 10 min (--lock-wait)", and what is said when
// the wait ended, or was ended, in vain.
std::string LockNotice(const std::string& path, double seconds);
std::string LockSentence(double seconds, bool interrupted);

}  // namespace dse
