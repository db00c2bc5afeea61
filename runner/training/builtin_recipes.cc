#include "runner/training/builtin_recipes.h"

namespace dse {
namespace {

constexpr BuiltInRecipe kRecipes[] = {
    // Section 3 of the paper: the defaults.
    {"paper-10", R"({"name": "paper-10"})"},
    // Section 4.
    {"paper-25", R"({"name": "paper-25", "epochs": 25, "lr": 0.1})"},
    // Section 5: 8 replicas of 128 images with linear scaling and a gradual warm-up, lr as in
    // section 4.
    {"paper-100",
     R"({"name": "paper-100", "epochs": 100, "batch_size": 1024, "lr": 0.1, "warmup_epochs": 5})"},
    // The authors' CIFAR sweep: lr 1.0 at batch 1024, which is 0.125 for 128 images.
    {"cifar",
     R"({"name": "cifar", "epochs": 20, "lr": 0.125, "weight_decay": 0.0005, "warmup_epochs": 1})"},
    {"smoke",
     R"({"name": "smoke", "epochs": 2, "batch_size": 64, "lr": 0.125, "weight_decay": 0.0005,
         "precise_bn_images": 512, "train_images": 1000, "test_images": 500})"},
};

}  // namespace

std::span<const BuiltInRecipe> BuiltInRecipes() { return kRecipes; }

}  // namespace dse
