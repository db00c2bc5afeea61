// Times the kernels of the CPU engine, an image that lies in the L2 cache at a time, on one core:
//   kernels_bench [KERNEL-OR-SHAPE...]   rows whose text contains one of these ("lane8", "3x3",
//   "rows") DSE_KERNEL_TARGET=AVX2               on another instruction set than the best
// Prints GFLOP/s of forward, data and weight gradients (multiply and add counted apart; scratch
// copies are in the time, packing is not) and their share of the peak, which is measured too. Each
// number is the best of several runs, taken in turns: other programs on the machine only make them
// slower.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runner/native/kernels/conv_kernel.h"
#include "runner/native/kernels/peak.h"
#include "runner/native/kernels/rows.h"
#include "runner/native/kernels/targets.h"
#include "tests/runner/native/kernels/guarded_buffer.h"

namespace {

using dse::ConvKernel;
using dse::ConvShape;
using dse::GuardedBuffer;

double Now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

// Seconds of the fastest of several runs of about a millisecond.
double BestTime(const std::function<void()>& run) {
  run();
  const double start = Now();
  run();
  const int repeats = std::max(1, int(1e-3 / std::max(1e-7, Now() - start)));
  double best = 1e9;
  for (int sample = 0; sample < 25; sample++) {
    const double from = Now();
    for (int i = 0; i < repeats; i++) run();
    best = std::min(best, (Now() - from) / repeats);
  }
  return best;
}

double PeakGflops() {
  const long steps = 20000;
  double flops = 0;
  const double time = BestTime([&] { flops = dse::RunMultiplyAdds(steps); });
  return flops / time / 1e9;
}

dse::ConvAccuracy Accuracy() {
  return std::getenv("DSE_KERNEL_DIRECT") ? dse::ConvAccuracy::kDirect : dse::ConvAccuracy::kFast;
}

struct Buffers {
  explicit Buffers(const ConvShape& s, const ConvKernel& k)
      : weight(s.weights(), 0.01f),
        x(size_t(s.height) * s.width * s.in, 0.5f),
        dx(x.size()),
        y(size_t(s.out_height()) * s.out_width() * s.out, 0.25f),
        packed(k.packed_floats()),
        gradient(k.gradient_floats()),
        scratch(k.scratch_floats()) {
    k.Pack(weight.data(), packed.data());
    work.scratch = scratch.data();
  }
  GuardedBuffer weight, x, dx, y, packed, gradient, scratch;
  dse::KernelWork work;
};

std::string Words(const ConvShape& s) {
  char text[100];
  std::snprintf(text, sizeof text, "%dx%d s%d %d->%d g%d %dx%d", s.kernel, s.kernel, s.stride, s.in,
                s.out, s.in / s.groups, s.height, s.width);
  return text;
}

void PrintShape(const ConvShape& s, double peak) {
  const auto kernel = dse::MakeConvKernel(s, Accuracy());
  Buffers b(s, *kernel);
  const double flops = 2.0 * s.out_height() * s.out_width() * s.weights();
  const double forward =
      BestTime([&] { kernel->Forward(b.packed.data(), b.x.data(), b.y.data(), b.work); });
  const double data =
      BestTime([&] { kernel->BackwardData(b.packed.data(), b.y.data(), b.dx.data(), b.work); });
  const double weights =
      BestTime([&] { kernel->BackwardWeights(b.x.data(), b.y.data(), b.gradient.data(), b.work); });
  std::printf("| %-9s| %-30s", kernel->name().c_str(), Words(s).c_str());
  for (const double time : {forward, data, weights}) {
    std::printf("| %4.0f (%3.0f%%) ", flops / time / 1e9, 100 * flops / time / 1e9 / peak);
  }
  std::printf("|\n");
  std::fflush(stdout);
}

std::vector<ConvShape> Shapes() {
  std::vector<ConvShape> shapes;
  const auto add = [&](int in, int out, int kernel, int stride, int group, int size) {
    shapes.push_back({in, out, kernel, stride, in / group, size, size});
  };
  for (const int c : {16, 24, 32, 40, 56, 64, 104, 152}) add(c, c, 1, 1, c, c > 64 ? 16 : 32);
  for (const int c : {4, 12, 20, 28}) add(c, c, 1, 1, c, 32);
  for (const int stride : {1, 2}) add(24, 24, 3, stride, 12, 16), add(26, 26, 3, stride, 1, 16);
  add(368, 368, 1, 1, 368, 7);
  add(32, 64, 1, 2, 32, 32);
  for (const int group : {1, 2, 4, 8, 16}) {
    add(16, 16, 3, 1, group, 32);
    add(64, 64, 3, 1, group, 16);
    add(32, 32, 3, 2, group, 32);
    add(368, 368, 3, 1, group, 7);
  }
  add(24, 24, 3, 1, 8, 32);
  add(32, 32, 3, 1, 1, 112);
  add(96, 96, 5, 1, 1, 28);
  add(96, 96, 5, 2, 1, 28);
  for (const int group : {24, 40, 32, 64}) {
    add(2 * group, 2 * group, 3, 1, group, 16);
    add(2 * group, 2 * group, 3, 2, group, 16);
  }
  add(32, 32, 3, 1, 32, 32);
  add(64, 64, 3, 1, 64, 16);
  add(128, 128, 3, 1, 128, 8);
  add(64, 128, 3, 2, 64, 16);
  add(32, 32, 3, 1, 32, 56);
  add(256, 256, 3, 1, 256, 14);
  add(512, 512, 3, 1, 512, 7);
  add(3, 16, 3, 1, 3, 32);
  add(3, 32, 3, 2, 3, 224);
  int in, out, kernel, stride, group, size;
  const char* more = std::getenv("DSE_KERNEL_SHAPE");
  if (more &&
      std::sscanf(more, "%d,%d,%d,%d,%d,%d", &in, &out, &kernel, &stride, &group, &size) == 6) {
    shapes.clear();
    add(in, out, kernel, stride, group, size);
  }
  return shapes;
}

// A pass over rows in the L2 cache, and over such as lie in memory.
void PrintRows(const char* name, const std::function<void(size_t)>& pass, int channels) {
  const size_t small = (64 << 10) / channels, large = (16 << 20) / channels;
  const double cached = BestTime([&] { pass(small); }), read = BestTime([&] { pass(large); });
  std::printf("| %-28s| %8d | %8.3f | %8.3f |\n", name, channels,
              cached * 1e9 / double(small * channels), read * 1e9 / double(large * channels));
  std::fflush(stdout);
}

void PrintPasses(int channels) {
  using dse::RowActivation;
  using dse::RowsShape;
  const size_t most = 16 << 20;
  GuardedBuffer x(most, 0.5f), dy(most, 0.25f), shortcut(most, 1), y(most), vector(channels, 0.5f);
  std::vector<double> sum(channels), squares(channels);
  const auto shape = [&](size_t pixels) { return RowsShape{pixels, channels}; };
  PrintRows(
      "sums, squares",
      [&](size_t pixels) {
        dse::AddSums(x.data(), shape(pixels), vector.data(), sum.data(), squares.data());
      },
      channels);
  const char* names[] = {"identity", "ReLU", "Swish"};
  for (const bool with_shortcut : {false, true}) {
    for (const auto activation : {RowActivation::kRelu, RowActivation::kSwish}) {
      dse::AffineRows in{x.data(), vector.data(), vector.data()};
      if (with_shortcut) in.shortcut = shortcut.data();
      in.activation = activation;
      const std::string name =
          std::string(names[int(activation)]) + (with_shortcut ? ", shortcut" : "");
      PrintRows(
          name.c_str(), [&](size_t pixels) { dse::Activate(in, shape(pixels), y.data()); },
          channels);
      PrintRows((name + ", backward").c_str(),
                [&](size_t pixels) {
                  dse::ActivateBackward(in, shape(pixels), {dy.data()}, vector.data(), {y.data()},
                                        sum.data(), squares.data());
                },
                channels);
    }
  }
  PrintRows(
      "a * dy + b * x + d",
      [&](size_t pixels) {
        dse::Combine(dy.data(), x.data(), shape(pixels), vector.data(), vector.data(),
                     vector.data(), y.data());
      },
      channels);
}

}  // namespace

int main(int argc, char** argv) {
  std::optional<dse::ScopedKernelTarget> target;
  const char* name = std::getenv("DSE_KERNEL_TARGET");
  if (name) target.emplace(name);
  const double peak = PeakGflops();
  std::printf("%s, peak of one core %.0f GFLOP/s\n",
              name ? name : dse::KernelTargets().front().c_str(), peak);
  std::printf(
      "| kernel   | convolution                   | forward     | data        | weights     |\n");
  std::printf("|---|---|---|---|---|\n");
  for (const ConvShape& s : Shapes()) {
    const std::string words = dse::MakeConvKernel(s, Accuracy())->name() + " " + Words(s);
    bool wanted = argc == 1;
    for (int i = 1; i < argc; i++) wanted |= words.find(argv[i]) != std::string::npos;
    if (wanted) PrintShape(s, peak);
  }
  bool rows = argc == 1;
  for (int i = 1; i < argc; i++) rows |= std::string(argv[i]) == "rows";
  if (!rows) return 0;
  std::printf(
      "| pass, ns a float             | channels | in L2    | in memory |\n|---|---|---|---|\n");
  for (const int channels : {16, 24, 64, 368}) PrintPasses(channels);
}
