#include "cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "core/printable.h"
#include "core/units.h"

namespace dse {
namespace {

constexpr int kBarWidth = 24;
constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::chrono::seconds kPlainLine{10};  // where the count changed
constexpr std::chrono::seconds kSameCount{60};  // where it did not

std::string Bar(int64_t done, int64_t total) {
  const auto filled = static_cast<int>(std::min(done, total) * kBarWidth / total);
  return "[" + std::string(static_cast<size_t>(filled), '#') +
         std::string(static_cast<size_t>(kBarWidth - filled), '.') + "] ";
}

}  // namespace

ProgressLine::ProgressLine(std::string label, bool quiet)
    : label_(std::move(label)), quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  if (drawn_ && terminal_) std::cerr << "\n";
}

void ProgressLine::Update(int64_t done, int64_t total, const std::string& note) {
  const auto now = Clock::now();
  if (start_done_ < 0) start_done_ = done;
  const bool complete = total > 0 && done >= total;
  const Clock::duration pause = terminal_            ? Clock::duration(kRedraw)
                                : done != last_done_ ? kPlainLine
                                                     : kSameCount;
  if (quiet_ || (complete && done == last_done_) || (!complete && now - last_ < pause)) return;
  const double elapsed = SecondsBetween(start_, now);
  const double rate = elapsed > 0 ? double(done - start_done_) / elapsed : 0;
  std::string text = label_ + " " + (terminal_ && total > 0 ? Bar(done, total) : "");
  text += std::to_string(done) + (total > 0 ? "/" + std::to_string(total) : "");
  if (rate > 0) {
    text += ", " + (rate >= 1 ? FormatCount(rate) + "/s" : FormatCount(rate * 3600) + "/h");
    if (total > 0 && !complete)
      text += ", " + FormatDuration(double(total - done) / rate) + " left";
  }
  if (!note.empty()) text += ", " + Printable(note);
  if (text == last_text_) return;
  std::cerr << (terminal_ ? "\r\033[K" : "") << text << (terminal_ ? "" : "\n") << std::flush;
  drawn_ = true;
  last_ = now;
  last_done_ = done;
  last_text_ = text;
}

void ProgressLine::Tell(const std::string& message) {
  if (quiet_) return;
  std::cerr << (terminal_ ? "\r\033[K" : "") << Printable(message) << "\n" << std::flush;
  last_text_.clear();
}

void Say(bool quiet, const std::string& message) {
  if (!quiet) std::cerr << Printable(message) << "\n";
}

}  // namespace dse
