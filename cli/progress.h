#pragma once

#include <cstdint>
#include <string>

#include "core/clock.h"

namespace dse {

// One line of progress on stderr: a bar that redraws itself on a terminal, else a plain line at
// most every ten seconds, and once a minute while the count stands. Silent when `quiet`.
class ProgressLine {
 public:
  ProgressLine(std::string label, bool quiet);
  ~ProgressLine();  // ends the line

  // `note` follows the rate and the time left ("best 41.20%"). total <= 0: unknown.
  void Update(int64_t done, int64_t total, const std::string& note);
  // A line of its own above it.
  void Tell(const std::string& message);

 private:
  std::string label_;
  bool quiet_;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point start_ = Clock::now();
  int64_t start_done_ = -1;
  int64_t last_done_ = -1;
  Clock::time_point last_{};
  std::string last_text_;
};

// A message on stderr, not with --quiet.
void Say(bool quiet, const std::string& message);

}  // namespace dse
