#pragma once

#include <string>
#include <utility>

namespace dse {

// Who holds a run. The token is unique to a process and tells, on its own machine, whether that
// process still lives.
class Owner {
 public:
  static Owner ThisProcess();
  static Owner FromToken(std::string token) { return Owner(std::move(token)); }
  const std::string& token() const { return token_; }
  // "host" part, for people.
  std::string host() const;
  // True only if the process certainly ended: same machine, boot and pid namespace as ours, and no
  // such process. Anything unknown counts as alive.
  bool CertainlyDead() const;

 private:
  explicit Owner(std::string token) : token_(std::move(token)) {}
  std::string token_;  // host/boot/pid-namespace/pid/start-time/random
};

}  // namespace dse
