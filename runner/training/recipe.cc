#include "runner/training/recipe.h"

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "core/suggest.h"
#include "runner/training/builtin_recipes.h"

namespace dse {
namespace {

constexpr Word<Schedule> kScheduleWords[] = {{"cosine", Schedule::kCosine},
                                             {"constant", Schedule::kConstant}};
constexpr Word<OptimizerKind> kOptimizerWords[] = {{"sgd", OptimizerKind::kSgd},
                                                   {"rmsprop", OptimizerKind::kRmsprop},
                                                   {"adamw", OptimizerKind::kAdamw}};
constexpr Word<Augment> kAugmentWords[] = {{"auto", Augment::kAuto},
                                           {"none", Augment::kNone},
                                           {"cifar", Augment::kCifar},
                                           {"imagenet", Augment::kImagenet}};
constexpr Word<Precision> kPrecisionWords[] = {{"fp32", Precision::kFp32},
                                               {"tf32", Precision::kTf32},
                                               {"bf16", Precision::kBf16},
                                               {"fp16", Precision::kFp16},
                                               {"auto", Precision::kAuto}};

constexpr int kMaxImages = 1'000'000'000;

template <typename E, size_t N>
E ReadWord(ObjectReader& reader, const std::string& key, const Word<E> (&words)[N], E fallback) {
  return reader.OneOf(key, std::span<const Word<E>>(words), std::optional<E>(fallback));
}

template <typename E, size_t N>
const char* Text(E value, const Word<E> (&words)[N]) {
  return TextOf(value, std::span<const Word<E>>(words));
}

int ReadInt(ObjectReader& reader, const std::string& key, int low, int high, int fallback) {
  return static_cast<int>(reader.Int(key, low, high, fallback));
}

// An absent key and null both mean "as weight_decay".
std::optional<double> ReadDecay(ObjectReader& reader, const std::string& key) {
  const Json* value = reader.Find(key);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return reader.Real(key, 0, kMaxWeightDecay);
}

Json OptionalNumber(const std::optional<double>& value) { return value ? Number(*value) : Json(); }

// The settings alone, every key, without the name.
Json SettingsToJson(const Recipe& recipe) {
  return {{"epochs", recipe.epochs},
          {"batch_size", recipe.batch_size},
          {"lr", Number(recipe.lr)},
          {"schedule", Text(recipe.schedule, kScheduleWords)},
          {"warmup_epochs", Number(recipe.warmup_epochs)},
          {"warmup_factor", Number(recipe.warmup_factor)},
          {"optimizer", Text(recipe.optimizer, kOptimizerWords)},
          {"momentum", Number(recipe.momentum)},
          {"nesterov", recipe.nesterov},
          {"weight_decay", Number(recipe.weight_decay)},
          {"weight_decay_norm", OptionalNumber(recipe.weight_decay_norm)},
          {"weight_decay_bias", OptionalNumber(recipe.weight_decay_bias)},
          {"label_smoothing", Number(recipe.label_smoothing)},
          {"mixup", Number(recipe.mixup)},
          {"ema_decay", Number(recipe.ema_decay)},
          {"drop_path", Number(recipe.drop_path)},
          {"dropout", Number(recipe.dropout)},
          {"grad_clip", Number(recipe.grad_clip)},
          {"zero_init_gamma", recipe.zero_init_gamma},
          {"precision", Text(recipe.precision, kPrecisionWords)},
          {"augment", Text(recipe.augment, kAugmentWords)},
          {"auto_augment", recipe.auto_augment},
          {"precise_bn_images", recipe.precise_bn_images},
          {"train_images", recipe.train_images},
          {"test_images", recipe.test_images},
          {"val_images", recipe.val_images}};
}

// A value as it is typed in a shell: JSON, or a bare word for a text.
Json ParseValue(const std::string& text) {
  const Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return value.is_discarded() ? Json(text) : value;
}

}  // namespace

const char* PrecisionWord(Precision precision) {
  return TextOf<Precision>(precision, kPrecisionWords);
}

const std::vector<std::string>& BuiltInRecipeNames() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const BuiltInRecipe& recipe : BuiltInRecipes()) all.push_back(recipe.name);
    return all;
  }();
  return names;
}

Recipe LoadRecipe(const std::string& name_or_file) {
  for (const BuiltInRecipe& recipe : BuiltInRecipes()) {
    if (name_or_file == recipe.name) {
      return ParseRecipe(ParseJson(recipe.json, name_or_file), name_or_file);
    }
  }
  std::error_code ignored;
  if (!std::filesystem::exists(name_or_file, ignored)) {
    throw Error("there is no recipe and no file '" + name_or_file + "'" +
                DidYouMean(name_or_file, BuiltInRecipeNames()) +
                " (built-in recipes: " + JoinWords(BuiltInRecipeNames()) + ")");
  }
  Recipe recipe = ParseRecipe(ParseJson(ReadFile(name_or_file), name_or_file), name_or_file);
  if (recipe.name.empty()) recipe.name = std::filesystem::path(name_or_file).stem().string();
  return recipe;
}

std::string DefaultRecipeName(int resolution) { return resolution < 64 ? "cifar" : "paper-10"; }

Recipe ParseRecipe(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  Recipe recipe;
  recipe.name = reader.String("name", recipe.name);
  recipe.epochs = ReadInt(reader, "epochs", 1, 10000, recipe.epochs);
  recipe.batch_size = ReadInt(reader, "batch_size", 1, 65536, recipe.batch_size);
  recipe.lr = reader.Real("lr", kMinLr, kMaxLr, recipe.lr);
  recipe.schedule = ReadWord(reader, "schedule", kScheduleWords, recipe.schedule);
  recipe.warmup_epochs = reader.Real("warmup_epochs", 0, 10000, recipe.warmup_epochs);
  recipe.warmup_factor = reader.Real("warmup_factor", 0, 1, recipe.warmup_factor);
  recipe.optimizer = ReadWord(reader, "optimizer", kOptimizerWords, recipe.optimizer);
  recipe.momentum = reader.Real("momentum", 0, 0.99999, recipe.momentum);
  recipe.nesterov = reader.Bool("nesterov", recipe.nesterov);
  recipe.weight_decay = reader.Real("weight_decay", 0, kMaxWeightDecay, recipe.weight_decay);
  recipe.weight_decay_norm = ReadDecay(reader, "weight_decay_norm");
  recipe.weight_decay_bias = ReadDecay(reader, "weight_decay_bias");
  recipe.label_smoothing = reader.Real("label_smoothing", 0, 0.99, recipe.label_smoothing);
  recipe.mixup = reader.Real("mixup", 0, 100, recipe.mixup);
  recipe.ema_decay = reader.Real("ema_decay", 0, 0.999999, recipe.ema_decay);
  recipe.drop_path = reader.Real("drop_path", 0, 0.99, recipe.drop_path);
  recipe.dropout = reader.Real("dropout", 0, 0.99, recipe.dropout);
  recipe.grad_clip = reader.Real("grad_clip", 0, 1e6, recipe.grad_clip);
  recipe.zero_init_gamma = reader.Bool("zero_init_gamma", recipe.zero_init_gamma);
  recipe.precision = ReadWord(reader, "precision", kPrecisionWords, recipe.precision);
  recipe.augment = ReadWord(reader, "augment", kAugmentWords, recipe.augment);
  recipe.auto_augment = reader.Bool("auto_augment", recipe.auto_augment);
  recipe.precise_bn_images =
      ReadInt(reader, "precise_bn_images", 0, kMaxImages, recipe.precise_bn_images);
  recipe.train_images = ReadInt(reader, "train_images", 0, kMaxImages, recipe.train_images);
  recipe.test_images = ReadInt(reader, "test_images", 0, kMaxImages, recipe.test_images);
  recipe.val_images = ReadInt(reader, "val_images", 0, kMaxImages, recipe.val_images);
  reader.Finish();
  return recipe;
}

Json RecipeToJson(const Recipe& recipe, bool with_defaults) {
  Json json = SettingsToJson(recipe);
  if (with_defaults) {
    json["name"] = recipe.name;
    return json;
  }
  const Json defaults = SettingsToJson(Recipe{});
  Json changed = Json::object();
  for (const auto& [key, value] : json.items()) {
    if (value != defaults.at(key)) changed[key] = value;
  }
  return changed;
}

std::string RecipeHash(const Recipe& recipe) {
  return ShortHash(RecipeToJson(recipe, /*with_defaults=*/false).dump());
}

void SetRecipeKey(Recipe& recipe, const std::string& assignment) {
  const size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw Error("'" + assignment + "' is no setting of a recipe, write KEY=VALUE such as epochs=5");
  }
  Json json = RecipeToJson(recipe, /*with_defaults=*/true);
  json[assignment.substr(0, equals)] = ParseValue(assignment.substr(equals + 1));
  recipe = ParseRecipe(json, "recipe");
}

Recipe WithSettings(Recipe recipe, std::span<const std::string> settings) {
  for (const std::string& setting : settings) {
    const std::string before = RecipeHash(recipe);
    SetRecipeKey(recipe, setting);
    if (RecipeHash(recipe) != before) recipe.name += " " + setting;
  }
  return recipe;
}

Recipe WithOverrides(Recipe recipe, const Overrides& overrides) {
  if (overrides.lr) recipe.lr = *overrides.lr;
  if (overrides.weight_decay) recipe.weight_decay = *overrides.weight_decay;
  return recipe;
}

}  // namespace dse
