#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/model.h"
#include "runner/data/batches.h"
#include "runner/data/dataset.h"
#include "runner/training/engine_network.h"
#include "runner/training/recipe.h"
#include "runner/training/weight_names.h"

// Torch-free questions about the insides of the trainer, for tests: LibTorch's CHECK macro collides
// with Catch2's, so no test includes its headers.

namespace dse::probe {

// Shapes and kind of one normalisation to try, with random inputs.
struct NormCase {
  int images = 4;
  int channels = 16;
  int side = 8;
  bool residual = false;
  bool relu = true;
  bool training = true;
  double mean = 0;  // of the inputs
  int threads = 1;
};

// Outputs, running statistics and all gradients of the normalisation in float, one after another.
std::vector<float> FusedNormValues(const NormCase& norm_case);

// The largest error of the normalisation in float against ATen's operators in double, over output,
// running statistics and all gradients; each relative to the largest magnitude in that tensor.
struct NormErrors {
  double fused = 0;
  double plain = 0;  // of ATen's own operators in float
};
NormErrors CompareNorms(const NormCase& norm_case);

// Row kernels of every instruction set that this processor has, against the generic ones: the
// largest relative difference over their results.
double CompareRowKernels(int channels, int rows);

// Relative L2 error of the loss's gradients of a whole network in float (as trained) against double
// (ATen's operators only), the worst over parameters; and of the loss.
struct NetworkErrors {
  double loss = 0;
  double gradient = 0;
};
NetworkErrors CompareNetworks(const Model& model, int images);

// Initial values of the parameters.
struct ParameterSummary {
  std::string name;
  std::vector<int64_t> shape;
  double mean = 0;
  double deviation = 0;
  double low = 0;
  double high = 0;
};
std::vector<ParameterSummary> InitialParameters(const Model& model, bool zero_init_gamma,
                                                uint64_t seed);

// The network's first normalisation after precise statistics over `batches` batches of the training
// images, and the same from the definition: means over batches of the stem's outputs' means and
// unbiased variances.
struct StemStatistics {
  std::vector<double> mean;
  std::vector<double> var;
};
struct PreciseComparison {
  StemStatistics taken;
  StemStatistics expected;
};
PreciseComparison PreciseStatistics(const Model& model, const Dataset& data, int batch_size,
                                    int batches);

// The batch as the network sees it: [image][row][column][channel].
std::vector<float> NormalizedBatch(const Batch& batch, const DatasetInfo& info,
                                   const std::string& device);

// One parameter w = 1 with gradients 1, 1, ... : w after each of `steps` updates.
std::vector<double> OptimizerPath(const Recipe& recipe, double lr, int steps);

// Losses of the first steps of training on one fixed random batch.
std::vector<double> FirstLosses(const Model& model, const Recipe& recipe, const std::string& device,
                                int steps);

// A short training on one CPU thread a replica, batches divided as given.
struct Parts {
  int replicas = 1;
  int micro_batches = 1;  // of each replica
};
struct TrainedWeights {
  std::vector<double> losses;       // of training, by epoch
  std::vector<double> test_losses;  // by epoch
  std::vector<float> parameters;    // as the first replica has them
  std::vector<float> statistics;    // running ones
  bool replicas_agree = false;      // in every learned value
};
TrainedWeights TrainDivided(const Model& model, const Recipe& recipe, const Dataset& data,
                            const Parts& parts);

// The network's initial weights as a file under a library's names.
void WriteInitialWeights(const Model& model, uint64_t seed, WeightNames names,
                         const std::string& path);
// See tests/torch/peer_main.cc: logits and losses from given weights and batches.
void RunPeer(const Model& model, const Recipe& recipe, const std::string& weights,
             const std::string& batches, const std::string& out);

// Steps of a network on one replica in double, by ATen's operators, from the engines' first values
// and with their noise: what they compute but for rounding. Tensors as GiveNetwork orders them.
struct SteppedNetwork {
  std::vector<double> losses;  // of each step
  std::vector<std::vector<double>> tensors;
};
SteppedNetwork StepInDouble(const NetworkRequest& request, const std::vector<Batch>& batches,
                            double lr);

// What a group says whose replica 1 fails while the others wait for it in a sum.
std::string FailingReplica(int replicas);

}  // namespace dse::probe
