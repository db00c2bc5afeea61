#include "cli/live_screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <sstream>
#include <vector>

namespace dse {
namespace {

constexpr const char* kBorrow = "\033[?1049h\033[?25l";  // the screen, and hide the cursor
constexpr const char* kGiveBack = "\033[?25h\033[?1049l";
constexpr const char* kHome = "\033[H";
constexpr const char* kWipeLine = "\033[K";  // behind the cursor
constexpr const char* kWipeBelow = "\033[J";

struct Size {
  size_t rows = 24;
  size_t columns = 80;
};

Size TerminalSize() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) {
    return {};
  }
  return {size.ws_row, size.ws_col};
}

bool Continues(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }  // in UTF-8

std::string CutTo(const std::string& line, size_t columns) {
  size_t characters = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    if (Continues(line[i])) continue;
    if (characters++ == columns) return line.substr(0, i);
  }
  return line;
}

}  // namespace

std::string Redrawn(const std::string& text, size_t rows, size_t columns) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  if (lines.size() > rows && rows > 0) {
    const size_t more = lines.size() - rows + 1;
    lines.resize(rows - 1);
    lines.push_back("... " + std::to_string(more) + " lines more");
  }
  std::string all = kHome;
  for (size_t i = 0; i < lines.size(); ++i) {
    all += (i == 0 ? "" : "\r\n") + CutTo(lines[i], columns) + kWipeLine;
  }
  return all + kWipeBelow;
}

LiveScreen::LiveScreen() : terminal_(isatty(STDOUT_FILENO) == 1) {
  if (terminal_) std::cout << kBorrow << std::flush;
}

LiveScreen::~LiveScreen() {
  if (terminal_) std::cout << kGiveBack << std::flush;
}

void LiveScreen::Show(const std::string& text) {
  if (terminal_) {
    const Size size = TerminalSize();
    std::cout << Redrawn(text, size.rows, size.columns) << std::flush;
  } else {
    std::cout << (first_ ? "" : "\n") << text << std::flush;
  }
  first_ = false;
}

}  // namespace dse
