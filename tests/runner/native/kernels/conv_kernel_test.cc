#include "runner/native/kernels/conv_kernel.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "runner/native/kernels/plain_conv.h"
#include "runner/native/kernels/targets.h"
#include "tests/runner/native/kernels/conv_reference.h"
#include "tests/runner/native/kernels/guarded_buffer.h"

namespace dse::conv_kernel_test {
namespace {

std::string Words(const ConvShape& s) {
  return std::to_string(s.in) + "->" + std::to_string(s.out) + " k" + std::to_string(s.kernel) +
         " s" + std::to_string(s.stride) + " groups " + std::to_string(s.groups) + " at " +
         std::to_string(s.height) + "x" + std::to_string(s.width);
}

void Fill(GuardedBuffer& buffer, std::mt19937& random) {
  for (float& f : buffer) f = float(random() % 2001) / 1000.0f - 1.0f;
}

// The largest difference, relative to the largest value; infinity where something is not a number.
double Error(const GuardedBuffer& got, const std::vector<double>& want) {
  double largest = 0, worst = 0;
  for (size_t i = 0; i < want.size(); i++) {
    if (!std::isfinite(got[i])) return INFINITY;
    largest = std::max(largest, std::abs(want[i]));
    worst = std::max(worst, std::abs(want[i] - got[i]));
  }
  return worst / std::max(largest, 1e-30);
}

bool SameBytes(const GuardedBuffer& a, const GuardedBuffer& b) {
  return std::equal(a.begin(), a.end(), b.begin());
}

// All a kernel computes of one image.
struct Results {
  explicit Results(const ConvShape& s, const ConvKernel& kernel)
      : y(size_t(s.out_height()) * s.out_width() * s.out, 7),
        dx(size_t(s.height) * s.width * s.in, 7),
        dw(s.weights(), 7),
        packed(kernel.packed_floats(), 7),
        gradient(kernel.gradient_floats()),
        scratch(kernel.scratch_floats(), NAN) {
    work.scratch = scratch.data();
  }
  bool GuardsUntouched() const {
    for (const auto* buffer : {&y, &dx, &dw, &packed, &gradient, &scratch}) {
      if (!buffer->GuardsUntouched()) return false;
    }
    return true;
  }
  GuardedBuffer y, dx, dw, packed, gradient, scratch;
  KernelWork work;
};

void Compute(const ConvKernel& kernel, const GuardedBuffer& weight, const GuardedBuffer& x,
             const GuardedBuffer& dy, int parts, Results& r) {
  kernel.Pack(weight.data(), r.packed.data());
  kernel.Forward(r.packed.data(), x.data(), r.y.data(), r.work);
  kernel.BackwardData(r.packed.data(), dy.data(), r.dx.data(), r.work);
  kernel.BackwardWeights(x.data(), dy.data(), r.gradient.data(), r.work);
  std::fill(r.dw.begin(), r.dw.end(), 0.0f);
  for (int part = 0; part < parts; part++) {
    kernel.UnpackGradient(r.gradient.data(), {part, parts}, r.dw.data());
  }
}

void CheckKernel(const ConvShape& s, const ConvKernel& kernel, double tolerance) {
  INFO(kernel.name() << " " << Words(s));
  std::mt19937 random(1);
  GuardedBuffer weight(s.weights()), x(size_t(s.height) * s.width * s.in);
  GuardedBuffer dy(size_t(s.out_height()) * s.out_width() * s.out);
  for (auto* buffer : {&weight, &x, &dy}) Fill(*buffer, random);
  const ConvReference want = ComputeReference(s, weight.data(), x.data(), dy.data());

  Results got(s, kernel);
  Compute(kernel, weight, x, dy, /*parts=*/1, got);
  CHECK(Error(got.y, want.y) <= tolerance);
  CHECK(Error(got.dx, want.dx) <= tolerance);
  CHECK(Error(got.dw, want.dw) <= tolerance);
  CHECK(got.GuardsUntouched());

  // Nor does it matter what the scratch holds, what is fetched meanwhile and in how many parts
  // gradients are unpacked.
  Results again(s, kernel);
  std::fill(again.scratch.begin(), again.scratch.end(), 3.0f);
  again.work.prefetcher.Add(x.data(), x.size());
  Compute(kernel, weight, x, dy, /*parts=*/3, again);
  CHECK(SameBytes(got.y, again.y));
  CHECK(SameBytes(got.dx, again.dx));
  CHECK(SameBytes(got.dw, again.dw));

  // A second image adds to the gradient, and a gradient to another.
  kernel.BackwardWeights(x.data(), dy.data(), got.gradient.data(), got.work);
  kernel.UnpackGradient(got.gradient.data(), {}, got.dw.data());
  std::vector<double> three_times = want.dw;
  for (double& d : three_times) d *= 3;
  CHECK(Error(got.dw, three_times) <= tolerance);
}

// The whole image, and then by three bands from copies that hold no more than their margins.
void CheckBands(const ConvShape& s) {
  ConvShape of_band = s;
  of_band.height = s.height / 3;
  const auto kernel = MakeConvKernel(s, ConvAccuracy::kDirect);
  const auto banded = MakeConvKernel(of_band, ConvAccuracy::kDirect);
  INFO(banded->name() << " " << Words(s));
  std::mt19937 random(1);
  GuardedBuffer weight(s.weights()), x(s.height * s.x_row_floats());
  GuardedBuffer dy(s.out_height() * s.y_row_floats());
  for (auto* buffer : {&weight, &x, &dy}) Fill(*buffer, random);
  Results want(s, *kernel), got(s, *banded);
  Compute(*kernel, weight, x, dy, /*parts=*/1, want);
  const bool makes_dx = banded->reads_dy_margins();
  CHECK(makes_dx == (s.in > 3));

  banded->Pack(weight.data(), got.packed.data());
  std::fill(got.dw.begin(), got.dw.end(), 0.0f);
  for (int band = 0; band < 3; band++) {
    const auto cut = [&](const GuardedBuffer& all, size_t row, int rows, Margins m) {
      if (band == 0) m.above = 0;
      if (band == 2) m.below = 0;
      const float* const from = all.data() + (band * rows - m.above) * row;
      std::vector<float> part(from, from + (m.above + rows + m.below) * row);
      GuardedBuffer copy(part.size());
      std::copy(part.begin(), part.end(), copy.begin());
      return std::pair(std::move(copy), m);
    };
    const size_t x_row = s.x_row_floats(), y_row = s.y_row_floats();
    const int height = of_band.height, out_height = of_band.out_height();
    const auto [xs, x_margins] = cut(x, x_row, height, s.x_margins());
    const auto [dys, dy_margins] = cut(dy, y_row, out_height, s.dy_margins());
    const ConvInput x_in(xs.data() + x_margins.above * x_row, x_margins);
    const ConvInput dy_in(dys.data() + dy_margins.above * y_row, dy_margins);
    banded->Forward(got.packed.data(), x_in, got.y.data() + band * out_height * y_row, got.work);
    if (makes_dx) {
      banded->BackwardData(got.packed.data(), dy_in, got.dx.data() + band * height * x_row,
                           got.work);
    }
    banded->BackwardWeights(x_in, dy_in.rows, got.gradient.data(), got.work);
  }
  banded->UnpackGradient(got.gradient.data(), {}, got.dw.data());
  CHECK(SameBytes(got.y, want.y));
  if (makes_dx) CHECK(SameBytes(got.dx, want.dx));
  CHECK(Error(got.dw, {want.dw.begin(), want.dw.end()}) <= 2e-6);
  CHECK(got.GuardsUntouched());
}

// Every shape, on every target. `name` is what the kernel is called on the widest vectors; shorter
// ones may take another.
void CheckOnAllTargets(const std::vector<ConvShape>& shapes, const std::string& name,
                       ConvAccuracy accuracy = ConvAccuracy::kDirect) {
  for (const std::string& target : KernelTargets()) {
    ScopedKernelTarget scoped(target);
    for (const ConvShape& shape : shapes) {
      INFO(target);
      const auto kernel = MakeConvKernel(shape, accuracy);
      if (target == "AVX3") CHECK(kernel->name() == name);
      CheckKernel(shape, *kernel, accuracy == ConvAccuracy::kFast ? 2e-5 : 2e-6);
    }
  }
}

TEST_CASE("the sizes of what a convolution puts out are those of zero padding") {
  CHECK(ConvShape{8, 8, 3, 2, 1, 7, 8}.out_height() == 4);
  CHECK(ConvShape{8, 8, 3, 2, 1, 7, 8}.out_width() == 4);
  CHECK(ConvShape{8, 8, 1, 2, 1, 7, 8}.out_height() == 4);
  CHECK(ConvShape{8, 8, 5, 1, 1, 1, 2}.out_width() == 2);
  CHECK(ConvShape{8, 16, 3, 1, 4, 1, 1}.weights() == 16 * 2 * 9);
}

TEST_CASE("plain loops compute what the definition says, for shapes that no other kernel takes") {
  for (const ConvShape& shape : std::vector<ConvShape>{
           {4, 4, 2, 2, 1, 6, 6}, {6, 4, 3, 4, 2, 5, 7}, {7, 7, 9, 1, 7, 4, 3}}) {
    CheckKernel(shape, *MakePlainConv(shape), 2e-6);
    CheckKernel(shape, *MakeConvKernel(shape), 2e-6);
    CHECK(MakeConvKernel(shape)->name() == "plain");
  }
}

TEST_CASE("a 1x1 convolution is right for all widths, sizes and strides") {
  std::vector<ConvShape> shapes;
  for (const int width : {4, 5, 8, 12, 16, 20, 24, 31, 40, 56, 81, 104}) {
    shapes.push_back({width, 112 - width, 1, 1, 1, 7, 7});
    shapes.push_back({112 - width, width, 1, 1, 1, 7, 7});
    shapes.push_back({width, width, 1, 2, 1, 9, 6});
  }
  for (const int outputs : {16, 32, 48, 64, 80, 112}) {
    shapes.push_back({24, outputs, 1, 1, 1, 5, 13});
    shapes.push_back({48, outputs, 1, 1, 1, 8, 14});
  }
  shapes.push_back({64, 24, 1, 1, 1, 1, 1});
  shapes.push_back({616, 40, 1, 1, 1, 3, 5});
  shapes.push_back({16, 32, 1, 2, 1, 1, 1});
  shapes.push_back({16, 8, 1, 3, 1, 8, 7});
  shapes.push_back({6, 9, 1, 3, 3, 7, 5});
  shapes.push_back({48, 32, 1, 1, 2, 4, 6});
  CheckOnAllTargets(shapes, "gemm");
}

TEST_CASE("a convolution of images is right") {
  std::vector<ConvShape> shapes;
  for (const int stride : {1, 2}) {
    shapes.push_back({3, 16, 3, stride, 1, 9, 7});
    shapes.push_back({3, 24, 3, stride, 1, 32, 32});
    shapes.push_back({3, 56, 7, stride, 1, 13, 14});
    shapes.push_back({1, 8, 3, stride, 1, 7, 7});
    shapes.push_back({2, 32, 5, stride, 1, 1, 1});
    shapes.push_back({3, 5, 3, stride, 1, 6, 4});
    shapes.push_back({3, 28, 3, stride, 1, 9, 7});
    shapes.push_back({3, 8, 1, stride, 1, 5, 5});
    shapes.push_back({3, 8, 3, stride, 1, 3, 900});
  }
  CheckOnAllTargets(shapes, "stem");
}

TEST_CASE("a dense convolution is right for all widths, sizes and strides") {
  std::vector<ConvShape> shapes;
  for (const int stride : {1, 2}) {
    shapes.push_back({8, 24, 3, stride, 1, 9, 7});
    shapes.push_back({24, 8, 3, stride, 1, 8, 8});
    shapes.push_back({40, 56, 3, stride, 1, 7, 7});
    shapes.push_back({8, 16, 3, stride, 1, 1, 1});
    shapes.push_back({16, 8, 5, stride, 1, 6, 11});
    shapes.push_back({8, 16, 7, stride, 1, 5, 4});
    shapes.push_back({8, 16, 3, stride, 1, 2, 131});
    shapes.push_back({12, 20, 3, stride, 1, 9, 7});
    shapes.push_back({5, 7, 3, stride, 1, 8, 5});
    shapes.push_back({28, 12, 5, stride, 1, 6, 6});
  }
  shapes.push_back({8, 16, 3, 1, 1, 150, 21});
  shapes.push_back({104, 8, 3, 3, 1, 8, 8});
  CheckOnAllTargets(shapes, "gemm");
}

// All sizes at which the ways through a lane kernel differ.
std::vector<ConvShape> GroupedShapes(int group, int kernel) {
  std::vector<ConvShape> shapes;
  for (const int stride : {1, 2}) {
    for (const int width : {1, 2, 4, 8, 10, 12, 20, 24, 26, 31, 40, 56, 104}) {
      if (width % group != 0) continue;
      shapes.push_back({width, width, kernel, stride, width / group, 7, 5});
      shapes.push_back({width, width, kernel, stride, width / group, 6, 16});
    }
    for (const auto& [height, width] : std::vector<std::pair<int, int>>{{1, 1},
                                                                        {2, 2},
                                                                        {3, 3},
                                                                        {7, 7},
                                                                        {14, 14},
                                                                        {9, 4},
                                                                        {4, 9},
                                                                        {1, 16},
                                                                        {32, 8},
                                                                        {6, 150},
                                                                        {17, 23}}) {
      shapes.push_back({24, 24, kernel, stride, 24 / group, height, width});
      shapes.push_back({16, 16, kernel, stride, 16 / group, height, width});
    }
  }
  if (group == 16) std::erase_if(shapes, [](const ConvShape& s) { return s.in % 16 != 0; });
  return shapes;
}

TEST_CASE("depthwise convolutions are right") {
  CheckOnAllTargets(GroupedShapes(1, 3), "lane1");
  CheckOnAllTargets(GroupedShapes(1, 5), "lane1");
}

TEST_CASE("groups of 2 and 4 channels are right") {
  CheckOnAllTargets(GroupedShapes(2, 3), "lane2");
  CheckOnAllTargets(GroupedShapes(4, 3), "lane4");
}

TEST_CASE("groups of 8 and 16 channels are right") {
  CheckOnAllTargets(GroupedShapes(8, 3), "lane8");
  CheckOnAllTargets(GroupedShapes(16, 3), "lane16");
}

TEST_CASE("bands of an image, read with their margins, give what the whole image does") {
  std::vector<ConvShape> shapes;
  for (const int stride : {1, 2}) {
    for (const int width : {4, 7, 8, 14, 21}) {
      const int height = 12 * stride;
      for (const int group : {1, 2, 4, 8, 16}) {
        shapes.push_back({48, 48, 3, stride, 48 / group, height, stride * width});
        shapes.push_back({48, 48, 3, stride, 48 / group, height, 2 * width + 1});
        if (group < 16) shapes.push_back({24, 24, 3, stride, 24 / group, height, 2 * width});
      }
      shapes.push_back({48, 48, 5, stride, 48, height, stride * width});
      shapes.push_back({3, 16, 3, stride, 1, height, 16 * width});
    }
  }
  shapes.push_back({3, 16, 7, 2, 1, 24, 32});
  for (const std::string& target : KernelTargets()) {
    ScopedKernelTarget scoped(target);
    for (const ConvShape& shape : shapes) {
      INFO(target);
      const bool reads = MakeConvKernel(shape, ConvAccuracy::kDirect)->reads_x_margins();
      if (target == "AVX3") CHECK(reads);
      if (reads) CheckBands(shape);
    }
  }
}

TEST_CASE("groups of 32 and more channels are right") {
  std::vector<ConvShape> shapes;
  for (const int stride : {1, 2}) {
    shapes.push_back({64, 64, 3, stride, 2, 7, 7});
    shapes.push_back({96, 96, 3, stride, 2, 5, 8});
    shapes.push_back({112, 112, 3, stride, 2, 4, 3});
    shapes.push_back({32, 64, 3, stride, 2, 6, 6});
  }
  CheckOnAllTargets(shapes, "gemm");
}

TEST_CASE("groups that do not fill vectors are right") {
  std::vector<ConvShape> shapes;
  for (const int stride : {1, 2}) {
    for (const int kernel : {1, 3, 5}) {
      shapes.push_back({24, 24, kernel, stride, 2, 7, 9});   // 12
      shapes.push_back({60, 60, kernel, stride, 3, 8, 5});   // 20
      shapes.push_back({9, 9, kernel, stride, 3, 6, 6});     // 3
      shapes.push_back({12, 24, kernel, stride, 3, 6, 7});   // 4 to 8, of no whole vectors
      shapes.push_back({6, 4, kernel, stride, 2, 5, 7});     // 3 to 2
      shapes.push_back({84, 84, kernel, stride, 3, 3, 10});  // 28
    }
  }
  CheckOnAllTargets(shapes, "gemm");
}

TEST_CASE("Winograd's transforms are right for all widths, sizes and groups") {
  CheckOnAllTargets({{16, 16, 3, 1, 1, 16, 16},
                     {32, 32, 3, 1, 1, 13, 14},
                     {24, 40, 3, 1, 1, 16, 15},
                     {40, 24, 3, 1, 1, 4, 62},
                     {64, 64, 3, 1, 4, 14, 14},
                     {48, 48, 3, 1, 2, 20, 23},
                     {80, 80, 3, 1, 2, 13, 13},
                     {128, 112, 3, 1, 1, 14, 14},
                     {32, 32, 3, 1, 2, 37, 7},
                     {64, 64, 3, 1, 2, 7, 7}},
                    "winograd", ConvAccuracy::kFast);
}

TEST_CASE("what asks for direct kernels, or is too small for Winograd's, gets direct ones") {
  CHECK(MakeConvKernel({64, 64, 3, 1, 1, 32, 32}, ConvAccuracy::kDirect)->name() != "winograd");
  CHECK(MakeConvKernel({64, 64, 3, 1, 1, 4, 4})->name() != "winograd");
  CHECK(MakeConvKernel({64, 64, 3, 1, 1, 5, 5})->name() != "winograd");
  CHECK(MakeConvKernel({512, 512, 3, 1, 1, 16, 16})->name() != "winograd");
  CHECK(MakeConvKernel({64, 64, 3, 2, 1, 32, 32})->name() != "winograd");
}

}  // namespace
}  // namespace dse::conv_kernel_test
