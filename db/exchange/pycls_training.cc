// A recipe in the words of pycls.

#include "db/exchange/pycls_training.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace dse {
namespace {

// A recipe's values, with those of a recipe that is not known.
class RecipeValues {
 public:
  explicit RecipeValues(const Json& recipe) : recipe_(recipe) {}
  double Real(const char* key, double fallback) const {
    const auto at = recipe_.find(key);
    return at != recipe_.end() && at->is_number() ? at->get<double>() : fallback;
  }
  int Int(const char* key, int fallback) const { return static_cast<int>(Real(key, fallback)); }
  bool Bool(const char* key, bool fallback) const {
    const auto at = recipe_.find(key);
    return at != recipe_.end() && at->is_boolean() ? at->get<bool>() : fallback;
  }
  std::string Text(const char* key, const char* fallback) const {
    const auto at = recipe_.find(key);
    return at != recipe_.end() && at->is_string() ? at->get<std::string>() : fallback;
  }
  bool Has(const char* key) const { return recipe_.contains(key) && !recipe_.at(key).is_null(); }

 private:
  const Json& recipe_;
};

Json OptimSection(const RecipeValues& recipe, std::vector<std::string>& left_out) {
  Json optim = {{"MAX_EPOCH", recipe.Int("epochs", 10)},
                {"MOMENTUM", recipe.Real("momentum", 0.9)},
                {"NESTEROV", recipe.Bool("nesterov", true)},
                {"WARMUP_FACTOR", recipe.Real("warmup_factor", 0.1)},
                {"LR_POLICY", "cos"}};
  if (recipe.Text("schedule", "cosine") == "constant") {
    optim["LR_POLICY"] = "steps";
    optim["STEPS"] = {0};
  }
  const double warmup = recipe.Real("warmup_epochs", 0);
  optim["WARMUP_EPOCHS"] = static_cast<int>(warmup);
  if (warmup != std::floor(warmup)) left_out.push_back("warmup_epochs");
  const std::string optimizer = recipe.Text("optimizer", "sgd");
  if (optimizer == "adamw") optim["OPTIMIZER"] = "adamw";
  if (optimizer == "rmsprop") left_out.push_back("optimizer");
  if (recipe.Has("weight_decay_bias")) {
    optim["BIAS_USE_CUSTOM_WEIGHT_DECAY"] = true;
    optim["BIAS_CUSTOM_WEIGHT_DECAY"] = recipe.Real("weight_decay_bias", 0);
  }
  // pycls averages with alpha = EMA_ALPHA * batch / epochs * period; every step here.
  if (const double decay = recipe.Real("ema_decay", 0); decay > 0) {
    optim["EMA_ALPHA"] =
        (1 - decay) * recipe.Real("epochs", 10) / recipe.Real("batch_size", kReferenceBatch);
    optim["EMA_UPDATE_PERIOD"] = 1;
  }
  return optim;
}

Json TrainSection(const RecipeValues& recipe) {
  Json train = {{"BATCH_SIZE", recipe.Int("batch_size", kReferenceBatch)}};
  // Keys that older versions lack are written where they say something.
  if (const double share = recipe.Real("label_smoothing", 0); share > 0) {
    train["LABEL_SMOOTHING"] = share;
  }
  if (const double alpha = recipe.Real("mixup", 0); alpha > 0) train["MIXUP_ALPHA"] = alpha;
  const std::string precision = recipe.Text("precision", "fp32");
  if (precision != "fp32" && precision != "tf32") train["MIXED_PRECISION"] = true;
  if (recipe.Bool("auto_augment", false)) train["AUGMENT"] = "AutoAugment";
  return train;
}

Json NormSection(const RecipeValues& recipe) {
  Json norm = Json::object();
  const int images = recipe.Int("precise_bn_images", 8192);
  norm["USE_PRECISE_STATS"] = images > 0;
  if (images > 0) norm["NUM_SAMPLES_PRECISE"] = images;
  if (recipe.Bool("zero_init_gamma", false)) norm["ZERO_INIT_FINAL_GAMMA"] = true;
  if (recipe.Has("weight_decay_norm")) {
    norm["USE_CUSTOM_WEIGHT_DECAY"] = true;
    norm["CUSTOM_WEIGHT_DECAY"] = recipe.Real("weight_decay_norm", 0);
  }
  return norm;
}

}  // namespace

PyclsTraining PyclsTrainingOf(const Json& recipe, const Overrides& effective) {
  PyclsTraining training{Json::object(), {}};
  const RecipeValues values(recipe);
  const bool known = recipe.contains("epochs");
  if (known) {
    for (const char* key :
         {"drop_path", "dropout", "grad_clip", "train_images", "test_images", "val_images"}) {
      if (values.Real(key, 0) > 0) training.left_out.push_back(key);
    }
    training.config["OPTIM"] = OptimSection(values, training.left_out);
    training.config["TRAIN"] = TrainSection(values);
    training.config["BN"] = NormSection(values);
  }
  const int batch = values.Int("batch_size", kReferenceBatch);
  if (effective.lr) training.config["OPTIM"]["BASE_LR"] = *effective.lr * batch / kReferenceBatch;
  if (effective.weight_decay) {
    training.config["OPTIM"]["WEIGHT_DECAY"] = *effective.weight_decay;
  }
  if (effective.lr) training.config["TRAIN"]["BATCH_SIZE"] = batch;
  return training;
}

}  // namespace dse
