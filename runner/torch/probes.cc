#include "runner/torch/probes.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "core/error.h"
#include "runner/torch/cpu/norm_rows.h"
#include "runner/torch/device.h"
#include "runner/torch/network.h"
#include "runner/torch/normalize.h"
#include "runner/torch/precise_norm.h"
#include "runner/torch/step.h"
#include "runner/torch/torch_engine.h"
#include "runner/torch/torch_network.h"
#include "runner/training/session.h"

namespace dse::probe {
namespace {

constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

at::Tensor Random(at::IntArrayRef shape, uint64_t seed) {
  return at::randn(shape, at::detail::createCPUGenerator(seed), at::TensorOptions(at::kDouble));
}

std::vector<double> ToDoubles(const at::Tensor& tensor) {
  const at::Tensor copy =
      tensor.detach().to(at::TensorOptions(at::kCPU).dtype(at::kDouble)).contiguous();
  return {copy.const_data_ptr<double>(), copy.const_data_ptr<double>() + copy.numel()};
}

// Output, running mean and variance, then in training the gradients of x, gamma, beta and residual.
std::vector<at::Tensor> RunNorm(const NormCase& c, at::ScalarType type, bool fused) {
  const std::vector<int64_t> shape{c.images, c.channels, c.side, c.side};
  const auto leaf = [&](const at::Tensor& values) {
    at::Tensor tensor = values.to(type);
    if (tensor.dim() == 4) tensor = tensor.contiguous(kChannelsLast);
    return tensor.set_requires_grad(c.training);
  };
  const at::AutoGradMode gradients(c.training);
  const at::Tensor x = leaf(Random(shape, 1) + c.mean);
  NormState norm;
  norm.gamma = leaf(Random({c.channels}, 2));
  norm.beta = leaf(Random({c.channels}, 3));
  norm.running_mean = Random({c.channels}, 4).to(type);
  norm.running_var = Random({c.channels}, 5).abs().add(0.5).to(type);
  const at::Tensor residual = c.residual ? leaf(Random(shape, 6)) : at::Tensor();
  const After after = c.relu ? After::kRelu : After::kNothing;
  const at::Tensor y = fused ? NormAddActivate(x, norm, residual, after, c.training)
                             : PlainNormAddActivate(x, norm, residual, after, c.training);
  std::vector<at::Tensor> results{y, norm.running_mean, norm.running_var};
  if (c.training) {
    y.backward(Random(shape, 7).to(type).contiguous(kChannelsLast));
    for (const at::Tensor& tensor : {x, norm.gamma, norm.beta}) results.push_back(tensor.grad());
    if (c.residual) results.push_back(residual.grad());
  }
  return results;
}

double WorstError(const std::vector<at::Tensor>& values, const std::vector<at::Tensor>& reference) {
  double worst = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const at::Tensor error =
        (values[i].detach().to(at::kDouble) - reference[i].detach()).abs().max();
    worst =
        std::max(worst, error.item<double>() / reference[i].detach().abs().max().item<double>());
  }
  return worst;
}

struct LossAndGradients {
  double loss;
  std::vector<at::Tensor> gradients;
};

LossAndGradients Differentiate(const Model& model, int images, at::ScalarType type) {
  const Network network(PlanNetwork(model), {at::kCPU, type, 7});
  const Frame& frame = model.frame;
  const at::Tensor x =
      Random({images, 3, frame.resolution, frame.resolution}, 8).to(type).contiguous(kChannelsLast);
  const at::Tensor labels =
      at::arange(images, at::TensorOptions(at::kLong)).remainder(frame.classes);
  const at::Tensor loss = Loss(network.Forward(x, true), labels, 0.1);
  loss.backward();
  LossAndGradients result{loss.item<double>(), {}};
  for (const Parameter& parameter : network.parameters())
    result.gradients.push_back(parameter.value.grad());
  return result;
}

// All results of one implementation of the row kernels on fixed random inputs.
std::vector<float> RunRowKernels(const cpu::NormRows& kernels, int channels, int rows) {
  const cpu::RowLayout layout(channels);
  const auto floats = [](int64_t count, uint64_t seed) {
    const std::vector<double> values = ToDoubles(Random({count}, seed));
    return std::vector<float>(values.begin(), values.end());
  };
  const int64_t count = int64_t{rows} * channels;
  const std::vector<float> x = floats(count, 1), residual = floats(count, 2), dy = floats(count, 3);
  const std::vector<float> a = floats(layout.period, 4), b = floats(layout.period, 5),
                           d = floats(layout.period, 6);
  std::vector<float> all;
  for (const bool extra : {false, true}) {
    std::vector<float> y(count), dx(count), dresidual(count);
    std::vector<float> sums(4 * layout.period);
    kernels.apply(layout, rows, x.data(), extra ? residual.data() : nullptr, a.data(), b.data(),
                  extra, y.data());
    kernels.sums(layout, rows, x.data(), a.data(), &sums[0], &sums[layout.period]);
    kernels.gradient_sums(layout, rows, dy.data(), extra ? residual.data() : nullptr, x.data(),
                          a.data(), &sums[2 * layout.period], &sums[3 * layout.period]);
    kernels.gradient(layout, rows, dy.data(), extra ? residual.data() : nullptr, x.data(), a.data(),
                     b.data(), d.data(), dx.data(), extra ? dresidual.data() : nullptr);
    for (const auto* part : {&y, &sums, &dx, &dresidual})
      all.insert(all.end(), part->begin(), part->end());
  }
  return all;
}

}  // namespace

std::vector<float> FusedNormValues(const NormCase& norm_case) {
  at::set_num_threads(norm_case.threads);
  std::vector<float> values;
  for (const at::Tensor& tensor : RunNorm(norm_case, at::kFloat, true)) {
    const std::vector<double> part = ToDoubles(tensor);
    values.insert(values.end(), part.begin(), part.end());
  }
  return values;
}

NormErrors CompareNorms(const NormCase& norm_case) {
  at::set_num_threads(norm_case.threads);
  const std::vector<at::Tensor> reference = RunNorm(norm_case, at::kDouble, false);
  return {WorstError(RunNorm(norm_case, at::kFloat, true), reference),
          WorstError(RunNorm(norm_case, at::kFloat, false), reference)};
}

double CompareRowKernels(int channels, int rows) {
  const std::vector<float> reference = RunRowKernels(cpu::GenericNormRows(), channels, rows);
  std::vector<const cpu::NormRows*> others{&cpu::BestNormRows()};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    others.push_back(&cpu::Avx2NormRows());
#endif
  double worst = 0;
  for (const cpu::NormRows* kernels : others) {
    const std::vector<float> values = RunRowKernels(*kernels, channels, rows);
    for (size_t i = 0; i < values.size(); ++i) {
      const double scale = std::max(1.0, std::abs(static_cast<double>(reference[i])));
      worst = std::max(worst, std::abs(values[i] - reference[i]) / scale);
    }
  }
  return worst;
}

NetworkErrors CompareNetworks(const Model& model, int images) {
  const LossAndGradients reference = Differentiate(model, images, at::kDouble);
  const LossAndGradients values = Differentiate(model, images, at::kFloat);
  NetworkErrors errors;
  errors.loss = std::abs(values.loss - reference.loss) / std::abs(reference.loss);
  // A shift before a normalisation has no gradient at all: errors count against the largest too.
  double largest = 0;
  for (const at::Tensor& gradient : reference.gradients) {
    largest = std::max(largest, gradient.norm().item<double>());
  }
  for (size_t i = 0; i < values.gradients.size(); ++i) {
    const at::Tensor difference = values.gradients[i].to(at::kDouble) - reference.gradients[i];
    const double norm = reference.gradients[i].norm().item<double>();
    errors.gradient = std::max(errors.gradient,
                               difference.norm().item<double>() / std::max(norm, 1e-3 * largest));
  }
  return errors;
}

std::vector<ParameterSummary> InitialParameters(const Model& model, bool zero_init_gamma,
                                                uint64_t seed) {
  const Network network(PlanNetwork(model, zero_init_gamma), {at::kCPU, at::kFloat, seed});
  std::vector<ParameterSummary> summaries;
  for (const Parameter& parameter : network.parameters()) {
    const at::Tensor values = parameter.value.detach().to(at::kDouble);
    summaries.push_back({parameter.name, parameter.value.sizes().vec(),
                         values.mean().item<double>(),
                         values.std(/*unbiased=*/false).item<double>(), values.min().item<double>(),
                         values.max().item<double>()});
  }
  return summaries;
}

PreciseComparison PreciseStatistics(const Model& model, const Dataset& data, int batch_size,
                                    int batches) {
  BatchOptions options;
  options.batch_size = batch_size;
  options.resolution = model.frame.resolution;
  options.augment = Augment::kNone;
  BatchReader reader(data, options);
  Normalizer normalizer(batch_size, model.frame.resolution, data.info().mean, data.info().stddev,
                        at::kCPU);
  Batch batch;
  const auto images = [&](int64_t step) {
    reader.ReadTrain(0, step, batch);
    return normalizer.Images(batch, 0, batch.size);
  };
  const Network network(PlanNetwork(model), {at::kCPU, at::kFloat, 1});
  {
    const at::NoGradGuard no_grad;
    dse::PreciseStatistics statistics(network);
    for (int64_t step = 0; step < batches; ++step) {
      network.Forward(images(step), /*training=*/true);
      statistics.Add();
    }
    statistics.Store(*MakeAllReduce({at::kCPU}), 0, 1);
  }
  const NormState& norm = *network.norms().front().norm;
  PreciseComparison result{{ToDoubles(norm.running_mean), ToDoubles(norm.running_var)}, {}};

  Conv stem;
  stem.weight = network.parameters().front().value.detach().to(at::kDouble);
  stem.stride = model.frame.stem == StemType::kCifar ? 1 : 2;
  at::Tensor mean = at::zeros({model.frame.stem_width}, at::TensorOptions(at::kDouble));
  at::Tensor var = at::zeros_like(mean);
  for (int64_t step = 0; step < batches; ++step) {
    const at::Tensor x = stem.Forward(images(step).to(at::kDouble)).transpose(0, 1).flatten(1);
    mean += x.mean(1) / batches;
    var += x.var(1, /*unbiased=*/true) / batches;
  }
  result.expected = {ToDoubles(mean), ToDoubles(var)};
  return result;
}

std::vector<float> NormalizedBatch(const Batch& batch, const DatasetInfo& info,
                                   const std::string& device) {
  Normalizer normalizer(batch.size, batch.resolution, info.mean, info.stddev, ParseDevice(device));
  const std::vector<double> values =
      ToDoubles(normalizer.Images(batch, 0, batch.size).permute({0, 2, 3, 1}));
  return {values.begin(), values.end()};
}

std::vector<double> OptimizerPath(const Recipe& recipe, double lr, int steps) {
  Parameter parameter{"w", ParameterKind::kWeight,
                      at::ones({1}, at::TensorOptions(at::kFloat)).set_requires_grad(true)};
  Optimizer optimizer({parameter}, recipe);
  std::vector<double> path;
  for (int i = 0; i < steps; ++i) {
    optimizer.ClearGradients();
    parameter.value.mutable_grad() = at::ones({1}, at::TensorOptions(at::kFloat));
    optimizer.Step(lr);
    path.push_back(parameter.value.item<float>());
  }
  return path;
}

std::vector<double> FirstLosses(const Model& model, const Recipe& recipe, const std::string& device,
                                int steps) {
  const at::Device place = ParseDevice(device);
  const Frame& frame = model.frame;
  const Network network(PlanNetwork(model, recipe.zero_init_gamma), {place, at::kFloat, 3});
  Optimizer optimizer(network.parameters(), recipe);
  const at::Tensor images = Random({recipe.batch_size, 3, frame.resolution, frame.resolution}, 4)
                                .to(at::kFloat)
                                .to(place)
                                .contiguous(kChannelsLast);
  const at::Tensor labels = at::arange(recipe.batch_size, at::TensorOptions(at::kLong))
                                .remainder(frame.classes)
                                .to(place);
  std::vector<double> losses;
  for (int i = 0; i < steps; ++i) {
    losses.push_back(
        TrainStep(network, optimizer, {images, labels}, recipe, recipe.lr).loss.item<float>());
  }
  return losses;
}

TrainedWeights TrainDivided(const Model& model, const Recipe& recipe, const Dataset& data,
                            const Parts& parts) {
  TrainedWeights trained;
  TrainingHooks hooks;
  hooks.on_epoch = [&](const EpochRecord& epoch) {
    trained.losses.push_back(*epoch.train_loss);
    trained.test_losses.push_back(*epoch.test_loss);
  };
  const TrainingJob job{model, recipe, data, 3};
  const std::unique_ptr<Engine> engine = MakeTorchEngine({"cpu", parts.replicas, parts.replicas});
  TrainingSession session(job, hooks, *engine, parts.micro_batches);
  session.Run();
  const auto& replicas = static_cast<const TorchNetwork&>(session.network()).replicas();
  const auto append = [](const std::vector<NamedTensor>& state, std::vector<float>& to) {
    for (const NamedTensor& tensor : state) {
      const std::vector<double> values = ToDoubles(tensor.values);
      to.insert(to.end(), values.begin(), values.end());
    }
  };
  append(replicas.front()->LearnedState(), trained.parameters);
  append(StatisticsOf(replicas.front()->network()), trained.statistics);
  std::vector<float> last;
  append(replicas.back()->LearnedState(), last);
  trained.replicas_agree = last == trained.parameters;
  return trained;
}

std::string FailingReplica(int replicas) {
  const std::unique_ptr<AllReduce> sum =
      MakeAllReduce(std::vector<at::Device>(static_cast<size_t>(replicas), at::kCPU));
  ReplicaGroup group(replicas, [&] { sum->Abort(); });
  try {
    group.Run([&](int replica) {
      if (replica == 1) throw Error("replica 1 fails");
      sum->Sum(replica, {at::ones({3})});
    });
  } catch (const Error& failure) {
    return failure.what();
  }
  return "";
}

}  // namespace dse::probe
