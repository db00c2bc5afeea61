#include "runner/native/step_runner.h"

#include <algorithm>

#include "runner/native/kernels/rows.h"

namespace dse::native {
namespace {

// Of an image.
size_t Floats(const StepPlan& plan, const std::vector<BufferId>& buffers) {
  size_t floats = 0;
  for (const BufferId id : buffers) floats += plan.buffers[id].floats;
  return floats;
}

// Has the worker's prefetcher bring in what it takes up behind `place`, where it reads and writes
// these buffers; not what is streamed past the cache.
void Expect(StepState& state, const LayerStep& layer, const std::vector<BufferId>& buffers,
            const Place& place) {
  Prefetcher& prefetcher = place.worker.kernel.prefetcher;
  prefetcher.Clear();
  if (!place.fits_cache) return;
  Place next = place;
  if (++next.band == next.bands) {
    if (place.next < 0) return;
    next.band = 0;
    next.image = next.slot = place.next;
  }
  const bool streams = layer.unit >= 0 && !place.image_fits_cache;
  const BufferId streamed = streams ? state.plan().units[layer.unit].gradient : -1;
  for (const BufferId id : buffers) {
    if (id == streamed) continue;
    const size_t floats = state.plan().buffers[id].floats / static_cast<size_t>(next.bands);
    prefetcher.Add(next.value(state, id), floats);
  }
}

// Calls work(place) for the bands of an image, of which it reads and writes `floats`.
template <typename Work>
void ForEachBand(const LayerStep& layer, size_t floats, Place place, const Work& work) {
  place.bands = layer.bands;
  place.fits_cache = floats / static_cast<size_t>(layer.bands) <= Prefetcher::MostFloats();
  place.image_fits_cache = floats <= Prefetcher::MostFloats();
  for (; place.band < layer.bands; ++place.band) work(place);
}

}  // namespace

StepRunner::StepRunner(StepState& state, const ImageInput& images, Team& team)
    : state_(state),
      plan_(state.plan()),
      images_(images),
      team_(team),
      last_(UnitsOf(plan_.joins[plan_.head.join])),
      targets_(static_cast<size_t>(plan_.images)),
      answers_(static_cast<size_t>(plan_.images)) {
  for (const LayerStep& layer : plan_.layers) read_.push_back(UnitsRead(plan_, layer));
}

void StepRunner::PackWeights() {
  team_.Run(static_cast<int>(plan_.convs.size()), [&](int, int i) {
    const ConvStep& conv = plan_.convs[static_cast<size_t>(i)];
    conv.kernel->Pack(state_.parameters().value(conv.weight), state_.packed(conv));
  });
}

StepRunner::Sums StepRunner::Train(const Pass& pass, double smoothing, double weight,
                                   double momentum) {
  RunLayers(pass, momentum);
  TurnAtHead(pass, smoothing, weight);
  for (size_t l = plan_.layers.size(); l-- > 0;) RunBackward(plan_.layers[l], pass);
  return AddAnswers(pass.range.count);
}

void StepRunner::RunLayers(const Pass& pass, double momentum) {
  for (const LayerStep& layer : plan_.layers) RunForward(layer, pass, momentum);
}

StepRunner::Sums StepRunner::Test(const Pass& pass, const std::vector<int64_t>& tested) {
  for (size_t unit = 0; unit < plan_.units.size(); ++unit) {
    state_.norm(static_cast<int>(unit)).UseRunning(pass.replica);
  }
  team_.Run(pass.range.count, [&](int thread, int image) {
    const Place place{image, thread, 0, state_.worker(thread)};
    place.worker.kernel.prefetcher.Clear();
    for (const LayerStep& layer : plan_.layers) {
      ForEachBand(layer, /*floats=*/0, place,
                  [&](const Place& band) { RunLayer(state_, layer, images_, pass, band); });
    }
    answers_[static_cast<size_t>(image)] =
        RunHead(state_, pass, TargetOf(pass, image, 0), tested, place);
  });
  return AddAnswers(pass.range.count);
}

// Calls work(thread, chunk, its images) for every chunk, with the sums of `summed` units and the
// chunk's gradients cleared.
template <typename Work>
void StepRunner::ForEachChunk(int images, int chunks, const std::vector<int>& summed,
                              size_t gradient_floats, const Work& work) {
  team_.Run(chunks, [&](int thread, int chunk) {
    for (const int unit : summed) state_.norm(unit).ClearSums(chunk);
    std::fill_n(state_.chunk_gradients(chunk, gradient_floats), gradient_floats, 0.0f);
    work(thread, chunk, PartOf(images, chunk, chunks));
  });
}

// The same, and calls work(place) for the images of a chunk in their order.
template <typename Work>
void StepRunner::ForEachImage(int images, int chunks, const std::vector<int>& summed,
                              size_t gradient_floats, const Work& work) {
  const auto go_through = [&](int thread, int chunk, const BatchPart& range) {
    const bool goes_on = team_.NextTask(thread, chunk) >= 0;  // with the image behind the chunk
    const int end = range.first + range.count;
    for (int image = range.first; image < end; ++image) {
      const int next = image + 1 < end || goes_on ? image + 1 : -1;
      work(Place{image, image, chunk, state_.worker(thread), next});
    }
  };
  ForEachChunk(images, chunks, summed, gradient_floats, go_through);
}

void StepRunner::RunForward(const LayerStep& layer, const Pass& pass, double momentum) {
  const int images = pass.range.count;
  const int chunks = Chunks(kMostChunks, pass);
  const size_t floats = Floats(plan_, layer.forward);
  ForEachImage(images, chunks, layer.units, /*gradient_floats=*/0, [&](const Place& place) {
    ForEachBand(layer, floats, place, [&](const Place& band) {
      Expect(state_, layer, layer.forward, band);
      RunLayer(state_, layer, images_, pass, band);
      AddOutputs(state_, layer, band);
    });
  });
  for (const int unit : layer.units) {
    const auto pixels = static_cast<double>(plan_.conv_of(plan_.units[unit]).pixels());
    state_.norm(unit).FinishForward(chunks, pass.replica, pixels * images, momentum);
  }
}

void StepRunner::TurnAtHead(const Pass& pass, double smoothing, double weight) {
  const int chunks = Chunks(plan_.head.chunks, pass);
  const ConvStep& linear = plan_.convs[plan_.head.conv];
  const size_t floats = FloatArray::Rounded(linear.gradient_floats());
  for (int image = 0; image < pass.range.count; ++image) {
    targets_[static_cast<size_t>(image)] = TargetOf(pass, image, smoothing);
  }
  const std::span<const Target> targets(targets_);
  const std::span<Answer> answers(answers_);
  const auto go_through = [&](int thread, int chunk, const BatchPart& range) {
    const int end = range.first + range.count;
    for (int first = range.first; first < end; first += plan_.head.images) {
      const size_t at = static_cast<size_t>(first);
      const size_t count = static_cast<size_t>(std::min(plan_.head.images, end - first));
      DifferentiateHead(state_, pass, targets.subspan(at, count), weight,
                        Place{first, first, chunk, state_.worker(thread)},
                        answers.subspan(at, count));
    }
  };
  ForEachChunk(pass.range.count, chunks, last_, floats, go_through);
  SumGradients(chunks, floats);
  KeepGradients({&plan_.head.conv, 1});
  FinishNorms(last_, chunks, pass);
}

void StepRunner::RunBackward(const LayerStep& layer, const Pass& pass) {
  const int chunks = Chunks(layer.chunks, pass);
  const size_t floats = Floats(plan_, layer.backward);
  const std::vector<int>& read = read_[static_cast<size_t>(&layer - plan_.layers.data())];
  ForEachImage(pass.range.count, chunks, read, layer.gradient_floats, [&](const Place& place) {
    ForEachBand(layer, floats, place, [&](const Place& band) {
      Expect(state_, layer, layer.backward, band);
      DifferentiateLayer(state_, layer, images_, pass, band);
    });
  });
  SumGradients(chunks, layer.gradient_floats);
  KeepGradients(layer.convs);
  FinishNorms(read, chunks, pass);
}

// Adds the gradients of all chunks up, in their order, into the first one's.
void StepRunner::SumGradients(int chunks, size_t floats) {
  constexpr size_t kPiece = size_t{1} << 14;
  const size_t pieces = (floats + kPiece - 1) / kPiece;
  team_.Run(static_cast<int>(pieces), [&](int, int piece) {
    const size_t first = kPiece * static_cast<size_t>(piece);
    const size_t count = std::min(kPiece, floats - first);
    float* const total = state_.chunk_gradients(0, floats) + first;
    for (int chunk = 1; chunk < chunks; ++chunk) {
      AddTo(state_.chunk_gradients(chunk, floats) + first, count, total);
    }
  });
}

// Adds convolutions' gradients, summed over the chunks, to the parameters'.
void StepRunner::KeepGradients(std::span<const int> convs) {
  constexpr int kParts = 4;
  Parameters& parameters = state_.parameters();
  const float* const gradients = state_.chunk_gradients(0, 0);
  team_.Run(kParts * static_cast<int>(convs.size()), [&](int, int task) {
    const ConvStep& conv = plan_.convs[convs[static_cast<size_t>(task / kParts)]];
    conv.kernel->UnpackGradient(gradients + conv.gradient, {task % kParts, kParts},
                                parameters.gradient(conv.weight));
  });
  for (const int number : convs) {
    const ConvStep& conv = plan_.convs[number];
    if (conv.bias < 0) continue;
    AddTo(gradients + conv.bias_gradient(), static_cast<size_t>(conv.shape.out),
          parameters.gradient(conv.bias));
  }
}

void StepRunner::FinishNorms(const std::vector<int>& units, int chunks, const Pass& pass) {
  Parameters& parameters = state_.parameters();
  for (const int unit : units) {
    const UnitStep& step = plan_.units[unit];
    const auto pixels = static_cast<double>(plan_.conv_of(step).pixels());
    state_.norm(unit).FinishBackward(chunks, pixels * pass.range.count,
                                     parameters.gradient(step.norm->gamma),
                                     parameters.gradient(step.norm->beta));
  }
}

Target StepRunner::TargetOf(const Pass& pass, int image, double smoothing) const {
  const int64_t label = pass.label(image);
  if (!pass.mixes()) return {label, label, 1, smoothing};
  return {label, pass.label(pass.opposite(image)), pass.mixture, smoothing};
}

StepRunner::Sums StepRunner::AddAnswers(int images) const {
  Sums sums;
  for (size_t i = 0; i < static_cast<size_t>(images); ++i) {
    sums.loss += answers_[i].loss;
    sums.wrong += answers_[i].wrong;
  }
  return sums;
}

int StepRunner::Chunks(int most, const Pass& pass) const {
  return std::min(most, pass.range.count);
}

}  // namespace dse::native
