#pragma once

#include <string>

namespace dse {

// A text on standard output that is shown again and again. On a terminal it is redrawn in place, on
// the screen that programs borrow, and what was there before comes back at the end; elsewhere texts
// follow each other, an empty line between them.
class LiveScreen {
 public:
  LiveScreen();
  ~LiveScreen();
  LiveScreen(const LiveScreen&) = delete;
  LiveScreen& operator=(const LiveScreen&) = delete;

  void Show(const std::string& text);
  // Whether it is a terminal's, on which nothing of it will be left.
  bool borrowed() const { return terminal_; }

 private:
  const bool terminal_;
  bool first_ = true;
};

// What is written to a terminal to put `text` there: of each line as many characters as fit, of the
// lines as many as there are rows, and how many are left out. Nothing of the old text stays, and
// nothing is wiped before it is overwritten.
std::string Redrawn(const std::string& text, size_t rows, size_t columns);

}  // namespace dse
