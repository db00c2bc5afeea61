#pragma once

#include <span>
#include <vector>

namespace dse {

// The logarithms of the block widths that every point of the default grid of core/fit.h predicts,
// laid out for the search. Points with the same (w0, wa) and neighbouring wm lie side by side in
// "lanes": they start from the same straight line and differ by its quantization only. A "cell" is
// kLanes of them.
class WidthGrid {
 public:
  static constexpr int kSteps = 32;        // of w0, and of wa: 8, 16, ..., 256
  static constexpr int kMultipliers = 31;  // 1.50, 1.55, ..., 3.00
  static constexpr int kLanes = 16;
  static constexpr int kCellsPerLine =
      2;  // the last lane has no point: it predicts infinite widths
  static constexpr int kCells = kSteps * kSteps * kCellsPerLine;
  static constexpr int kChunkDepth = 16;

  struct Point {
    double w0 = 0;
    double wa = 0;
    double wm = 0;
  };
  // Points are numbered by w0, then wa, then wm: cell * kLanes + lane.
  static Point PointAt(int number);

  // Predictions for blocks first .. first + kChunkDepth - 1.
  struct Chunk {
    std::vector<double> logs;      // [cell][block][lane]
    std::vector<double> smallest;  // [block][cell], over the lanes with a point
    std::vector<double> largest;
  };
  // Chunk number `index`, made when it is first asked for. index < kMaxDepth / kChunkDepth.
  // Thread-safe.
  static const Chunk& ChunkAt(int index);
};

}  // namespace dse
