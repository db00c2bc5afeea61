#include "analysis/fit/width_ties.h"

#include <array>
#include <cmath>

namespace dse {
namespace {

constexpr double kThinnest = 1e-12;

// A few numbers, sorted as they come.
template <typename T, size_t kMost>
struct Sorted {
  std::array<T, kMost> items{};
  size_t size = 0;

  template <typename Less>
  void Insert(T item, Less less) {
    size_t place = size++;
    for (; place > 0 && less(item, items[place - 1]); --place) items[place] = items[place - 1];
    items[place] = item;
  }
};

// log w0 at which level's tie is met.
double TieAt(const WidthTie& tie, double log_wm) {
  return tie.log_width - static_cast<double>(tie.level) * log_wm;
}

}  // namespace

// In the plane of (log w0, log wm) every tie is a line, and two lines cross at one log wm. Between
// neighbouring crossings the lines keep their order, and each strip between neighbouring lines that
// reaches into the box is one answer.
TieSides PossibleSides(std::span<const WidthTie> ties, const FitBox& box) {
  const double x_low = std::log(box.w0.low);
  const double x_high = std::log(box.w0.high);
  const double m_low = 2 * std::log(box.root.low);
  const double m_high = 2 * std::log(box.root.high);
  if (m_high - m_low < kThinnest) return TieSides().set();
  Sorted<double, kMostTies*(kMostTies - 1) / 2 + 2> cuts;
  const auto less = [](double a, double b) { return a < b; };
  cuts.Insert(m_low, less);
  cuts.Insert(m_high, less);
  for (size_t i = 0; i < ties.size(); ++i) {
    for (size_t k = i + 1; k < ties.size(); ++k) {
      const double m = (ties[k].log_width - ties[i].log_width) /
                       static_cast<double>(ties[k].level - ties[i].level);
      if (m > m_low && m < m_high) cuts.Insert(m, less);
    }
  }
  TieSides possible;
  for (size_t c = 0; c + 1 < cuts.size; ++c) {
    const double from = cuts.items[c];
    const double to = cuts.items[c + 1];
    if (to - from < kThinnest) continue;
    const double middle = (from + to) / 2;
    Sorted<size_t, kMostTies> order;
    for (size_t i = 0; i < ties.size(); ++i) {
      order.Insert(
          i, [&](size_t a, size_t b) { return TieAt(ties[a], middle) < TieAt(ties[b], middle); });
    }
    size_t sides = 0;
    for (size_t i = 0; i <= ties.size(); ++i) {
      const bool reaches_up = i == 0 || TieAt(ties[order.items[i - 1]], to) < x_high;
      const bool reaches_down = i == ties.size() || TieAt(ties[order.items[i]], from) > x_low;
      if (reaches_up && reaches_down) possible.set(sides);
      if (i < ties.size()) sides |= size_t{1} << order.items[i];
    }
  }
  return possible;
}

}  // namespace dse
