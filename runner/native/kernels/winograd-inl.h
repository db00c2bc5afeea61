// The transforms of Winograd's F(4x4, 3x3) (Lavin and Gray 2016, section 4.3): a tile of 4x4
// outputs of a 3x3 convolution is A^T [(G w G^T) . (B^T d B)] A of the 6x6 inputs d under it. The
// gradient of w is the adjoint: G^T [sum over tiles of (B^T d B) . (A dy A^T)] G.
#if defined(DSE_KERNELS_WINOGRAD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DSE_KERNELS_WINOGRAD_INL_H_
#undef DSE_KERNELS_WINOGRAD_INL_H_
#else
#define DSE_KERNELS_WINOGRAD_INL_H_
#endif

#include <cstddef>

#include "runner/native/kernels/vec-inl.h"

#if DSE_HAS_VECTORS
HWY_BEFORE_NAMESPACE();
namespace dse {
namespace HWY_NAMESPACE {

constexpr int kTile = 4;   // outputs of a tile, each way
constexpr int kPatch = 6;  // inputs under it
constexpr int kPlanes = kPatch * kPatch;

// Matrices by rows.
struct InputMatrix {  // B^T
  static constexpr int kRows = 6, kColumns = 6;
  static constexpr float kValues[6][6] = {{4, 0, -5, 0, 1, 0},  {0, -4, -4, 1, 1, 0},
                                          {0, 4, -4, -1, 1, 0}, {0, -2, -1, 2, 1, 0},
                                          {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}};
};
struct OutputMatrix {  // A^T
  static constexpr int kRows = 4, kColumns = 6;
  static constexpr float kValues[4][6] = {
      {1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}};
};
struct WeightMatrix {  // G
  static constexpr int kRows = 6, kColumns = 3;
  static constexpr float kValues[6][3] = {{1.f / 4, 0, 0},
                                          {-1.f / 6, -1.f / 6, -1.f / 6},
                                          {-1.f / 6, 1.f / 6, -1.f / 6},
                                          {1.f / 24, 1.f / 12, 1.f / 6},
                                          {1.f / 24, -1.f / 12, 1.f / 6},
                                          {0, 0, 1}};
};
template <class Matrix>
struct Transposed {
  static constexpr int kRows = Matrix::kColumns, kColumns = Matrix::kRows;
  static constexpr float At(int r, int c) { return Matrix::kValues[c][r]; }
};
template <class Matrix>
struct Straight {
  static constexpr int kRows = Matrix::kRows, kColumns = Matrix::kColumns;
  static constexpr float At(int r, int c) { return Matrix::kValues[r][c]; }
};

// sum + factor * v; `first` where there is no sum yet.
HWY_INLINE V AddScaled(float factor, V v, V sum, bool first) {
  if (first) return factor == 1 ? v : hn::Mul(Set(factor), v);
  if (factor == 1) return Add(sum, v);
  if (factor == -1) return hn::Sub(sum, v);
  return MulAdd(Set(factor), v, sum);
}

// out = M in M^T, whose elements are vectors: in's at p + y * row + x * column.
template <class M>
HWY_INLINE void Sandwich(const float* p, ptrdiff_t row, ptrdiff_t column,
                         V (&out)[M::kRows][M::kRows]) {
  V half[M::kRows][M::kColumns];
  DSE_UNROLL for (int x = 0; x < M::kColumns; x++) {
    V in[M::kColumns];
    DSE_UNROLL for (int y = 0; y < M::kColumns; y++) in[y] = Load(p + y * row + x * column);
    DSE_UNROLL for (int r = 0; r < M::kRows; r++) {
      V sum = Zero();
      bool first = true;
      DSE_UNROLL for (int y = 0; y < M::kColumns; y++) {
        if (M::At(r, y) == 0) continue;
        sum = AddScaled(M::At(r, y), in[y], sum, first);
        first = false;
      }
      half[r][x] = sum;
    }
  }
  DSE_UNROLL for (int r = 0; r < M::kRows; r++) {
    DSE_UNROLL for (int c = 0; c < M::kRows; c++) {
      V sum = Zero();
      bool first = true;
      DSE_UNROLL for (int x = 0; x < M::kColumns; x++) {
        if (M::At(c, x) == 0) continue;
        sum = AddScaled(M::At(c, x), half[r][x], sum, first);
        first = false;
      }
      out[r][c] = sum;
    }
  }
}

// The 36 results of a 6x6 sandwich go to planes `plane` floats apart.
template <class M>
HWY_INLINE void SandwichToPlanes(const float* p, ptrdiff_t row, ptrdiff_t column, float* planes,
                                 ptrdiff_t plane) {
  V out[kPatch][kPatch];
  Sandwich<M>(p, row, column, out);
  DSE_UNROLL for (int y = 0; y < kPatch; y++) {
    DSE_UNROLL for (int x = 0; x < kPatch; x++) Store(out[y][x], planes + (y * kPatch + x) * plane);
  }
}

// A tile of outputs from the planes, of which the first rows and columns are wanted.
HWY_INLINE void OutputTile(const float* planes, ptrdiff_t plane, int rows, int columns, bool half,
                           float* out, ptrdiff_t out_row, ptrdiff_t out_column) {
  V tile[kTile][kTile];
  Sandwich<Straight<OutputMatrix>>(planes, kPatch * plane, plane, tile);
  DSE_UNROLL for (int y = 0; y < kTile; y++) {
    DSE_UNROLL for (int x = 0; x < kTile; x++) {
      if (y < rows && x < columns) {
        StoreFullOrHalf(tile[y][x], half, out + y * out_row + x * out_column);
      }
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace dse
HWY_AFTER_NAMESPACE();
#endif  // DSE_HAS_VECTORS
#endif  // DSE_KERNELS_WINOGRAD_INL_H_
