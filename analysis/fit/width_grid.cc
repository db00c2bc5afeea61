#include "analysis/fit/width_grid.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <mutex>

#include "core/model.h"
#include "core/regnet.h"

namespace dse {
namespace {

using Chunk = WidthGrid::Chunk;
constexpr int kMaxChunks = (kMaxDepth + WidthGrid::kChunkDepth - 1) / WidthGrid::kChunkDepth;

double Linear(int step) { return 8.0 * (step + 1); }
// The double nearest to the decimal: division rounds correctly.
double Multiplier(int number) { return (150 + 5 * number) / 100.0; }

// The log of the width that core/regnet.h makes of the straight line's value u.
double LogWidth(double w0, double u, double wm) {
  std::array<int, 2> widths;
  std::array<int, 2> levels;
  RegNetBlockWidths(w0, u - w0, wm, widths, levels);
  return std::log(static_cast<double>(widths[1]));
}

// Log widths of one w0, by wm and level, asked from core once each.
class Levels {
 public:
  explicit Levels(double w0) : w0_(w0) {
    for (int m = 0; m < WidthGrid::kMultipliers; ++m) {
      per_log_[static_cast<size_t>(m)] = 1 / std::log(Multiplier(m));
    }
    for (auto& levels : logs_) levels.fill(-1);
  }

  // The prediction for the line's value u = w0 * exp(log_ratio).
  double At(int m, double u, double log_ratio) {
    const double exact_level = log_ratio * per_log_[static_cast<size_t>(m)];
    const int level = static_cast<int>(exact_level + 0.5);
    // So near a half, only core's own arithmetic says to which level it rounds.
    if (std::fabs(exact_level - level) > 0.5 - 1e-9) return LogWidth(w0_, u, Multiplier(m));
    double& log_width = logs_[static_cast<size_t>(m)][static_cast<size_t>(level)];
    if (log_width < 0) log_width = LogWidth(w0_, u, Multiplier(m));
    return log_width;
  }

 private:
  // Levels reach log(1 + 32 * 511) / log(1.5) = 23.9.
  static constexpr size_t kMaxLevels = 25;
  static_assert(kMaxDepth == 512);

  double w0_;
  std::array<double, WidthGrid::kMultipliers> per_log_{};
  std::array<std::array<double, kMaxLevels>, WidthGrid::kMultipliers> logs_{};
};

// Fills the rows of the cells of one (w0, wa), the first of them `cell`.
void FillLine(int first_block, int cell, double w0, double wa, Levels& levels, Chunk& chunk) {
  constexpr int kRow = WidthGrid::kLanes;
  for (int row = 0; row < WidthGrid::kChunkDepth; ++row) {
    const double u = w0 + wa * (first_block + row);
    const double log_ratio = std::log(u / w0);
    for (int part = 0; part < WidthGrid::kCellsPerLine; ++part) {
      double* logs =
          &chunk.logs[static_cast<size_t>(((cell + part) * WidthGrid::kChunkDepth + row) * kRow)];
      const int first = part * kRow;
      const int lanes = std::min(kRow, WidthGrid::kMultipliers - first);
      std::fill(logs + lanes, logs + kRow, std::numeric_limits<double>::infinity());
      for (int lane = 0; lane < lanes; ++lane) logs[lane] = levels.At(first + lane, u, log_ratio);
      const auto [least, most] = std::minmax_element(logs, logs + lanes);
      const auto bound = static_cast<size_t>(row * WidthGrid::kCells + cell + part);
      chunk.smallest[bound] = *least;
      chunk.largest[bound] = *most;
    }
  }
}

std::unique_ptr<const Chunk> BuildChunk(int index) {
  constexpr auto kRows = static_cast<size_t>(WidthGrid::kCells * WidthGrid::kChunkDepth);
  auto chunk = std::make_unique<Chunk>();
  chunk->logs.resize(kRows * WidthGrid::kLanes);
  chunk->smallest.resize(kRows);
  chunk->largest.resize(kRows);
  for (int i = 0; i < WidthGrid::kSteps; ++i) {
    Levels levels(Linear(i));
    for (int k = 0; k < WidthGrid::kSteps; ++k) {
      const int cell = (i * WidthGrid::kSteps + k) * WidthGrid::kCellsPerLine;
      FillLine(index * WidthGrid::kChunkDepth, cell, Linear(i), Linear(k), levels, *chunk);
    }
  }
  return chunk;
}

}  // namespace

WidthGrid::Point WidthGrid::PointAt(int number) {
  const int line = number / (kLanes * kCellsPerLine);
  return {Linear(line / kSteps), Linear(line % kSteps),
          Multiplier(number % (kLanes * kCellsPerLine))};
}

const WidthGrid::Chunk& WidthGrid::ChunkAt(int index) {
  static std::array<std::once_flag, kMaxChunks> once;
  static std::array<std::unique_ptr<const Chunk>, kMaxChunks> chunks;
  const auto place = static_cast<size_t>(index);
  std::call_once(once[place], [index, place] { chunks[place] = BuildChunk(index); });
  return *chunks[place];
}

}  // namespace dse
