#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/draw.h"
#include "core/json.h"
#include "runner/data/images/augment.h"

namespace dse {

enum class Schedule { kCosine, kConstant };
enum class OptimizerKind { kSgd, kRmsprop, kAdamw };
enum class Precision { kFp32, kTf32, kBf16, kFp16, kAuto };

// "fp32", "bf16", ...
const char* PrecisionWord(Precision precision);

// Training settings (section 3 of the paper for the defaults). A recipe's identity is the hash of
// the keys that differ from the defaults below, so a key added later does not change old hashes:
// the defaults are frozen.
struct Recipe {
  std::string name;      // free text, not hashed
  int epochs = 10;       // 1..10000
  int batch_size = 128;  // images a step
  double lr = 0.05;      // per 128 images; scaled by batch_size / 128
  Schedule schedule = Schedule::kCosine;
  double warmup_epochs = 0;    // W
  double warmup_factor = 0.1;  // multiplier at epoch 0, rising linearly to 1 at W
  OptimizerKind optimizer = OptimizerKind::kSgd;
  double momentum = 0.9;
  bool nesterov = true;
  double weight_decay = 5e-5;
  std::optional<double> weight_decay_norm;  // of BN's gamma and beta; absent = weight_decay
  std::optional<double> weight_decay_bias;  // of other biases; absent = weight_decay
  double label_smoothing = 0;
  double mixup = 0;      // alpha of the Beta distribution; 0 = off
  double ema_decay = 0;  // of the average of weights that is tested and kept; 0 = off
  double drop_path = 0;  // of the last residual block, growing linearly from 0 over the blocks
  double dropout = 0;    // before the last linear layer
  double grad_clip = 0;  // largest L2 norm of all gradients together; 0 = off
  bool zero_init_gamma = false;  // gamma 0 in the last BN of each residual branch
  Precision precision = Precision::kFp32;
  Augment augment = Augment::kAuto;  // auto: cifar below 64 px, imagenet from 64 px
  bool auto_augment = false;         // AutoAugment's ImageNet policy after `augment`
  int precise_bn_images = 8192;      // training images for BN statistics before each test; 0 = off
  int train_images = 0;              // the first so many of a seeded order; 0 = all
  int test_images = 0;
  int val_images = 0;  // of the training split, held out and tested in place of the test split
};

// Built-in recipes, "paper-10" first.
const std::vector<std::string>& BuiltInRecipeNames();
// The built-in recipe of that name, else the JSON file of that name. Throws Error: unknown name
// (nearest suggested), unknown key or word, value out of range, each with its path.
Recipe LoadRecipe(const std::string& name_or_file);
// "paper-10" for images of 64 px and more, "cifar" below.
std::string DefaultRecipeName(int resolution);

Recipe ParseRecipe(const Json& json, const std::string& where);
// All keys (for people), or only those that differ from the defaults (what is hashed).
Json RecipeToJson(const Recipe& recipe, bool with_defaults);
std::string RecipeHash(const Recipe& recipe);
// "epochs=5", values as in JSON. Throws Error that names the key.
void SetRecipeKey(Recipe& recipe, const std::string& assignment);
// With settings on top, such as "epochs=5", which its name then tells: "paper-10 epochs=5". Those
// that change nothing are left out.
Recipe WithSettings(Recipe recipe, std::span<const std::string> settings);
// The member's own lr and weight decay in place of the recipe's.
Recipe WithOverrides(Recipe recipe, const Overrides& overrides);

}  // namespace dse
