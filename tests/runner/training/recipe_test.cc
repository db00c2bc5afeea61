#include "runner/training/recipe.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/hash.h"
#include "tests/support/temp_folder.h"

namespace dse::recipe_test {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

Recipe Parse(const std::string& text) { return ParseRecipe(ParseJson(text, "r.json"), "r.json"); }

}  // namespace

TEST_CASE("paper-10 is section 3 of the paper and the default of every key") {
  const Recipe recipe = LoadRecipe("paper-10");
  CHECK(recipe.epochs == 10);
  CHECK(recipe.batch_size == 128);
  CHECK(recipe.lr == 0.05);
  CHECK(recipe.momentum == 0.9);
  CHECK(recipe.weight_decay == 5e-5);
  CHECK(recipe.warmup_epochs == 0);
  CHECK(RecipeToJson(recipe, false) == Json::object());
  CHECK(BuiltInRecipeNames().front() == "paper-10");
}

TEST_CASE("the other recipes of the paper change what it says") {
  CHECK(RecipeToJson(LoadRecipe("paper-25"), false).dump() == R"({"epochs":25,"lr":0.1})");
  CHECK(RecipeToJson(LoadRecipe("paper-100"), false).dump() ==
        R"({"batch_size":1024,"epochs":100,"lr":0.1,"warmup_epochs":5})");
}

TEST_CASE("every built-in recipe loads under its own name") {
  for (const std::string& name : BuiltInRecipeNames()) CHECK(LoadRecipe(name).name == name);
  CHECK(DefaultRecipeName(32) == "cifar");
  CHECK(DefaultRecipeName(63) == "cifar");
  CHECK(DefaultRecipeName(64) == "paper-10");
}

TEST_CASE("a recipe's hash depends on what differs from the defaults and on nothing else") {
  CHECK(RecipeHash(Recipe{}) == ShortHash("{}"));
  CHECK(RecipeHash(Parse(R"({"name": "x", "lr": 0.05, "epochs": 10})")) == RecipeHash(Recipe{}));
  CHECK(RecipeHash(Parse(R"({"weight_decay_norm": null})")) == RecipeHash(Recipe{}));
  CHECK(RecipeHash(Parse(R"({"lr": 0.1, "epochs": 25})")) == RecipeHash(LoadRecipe("paper-25")));
  CHECK(RecipeHash(Parse(R"({"weight_decay_norm": 0})")) ==
        ShortHash(R"({"weight_decay_norm":0})"));
}

TEST_CASE("a recipe is read back from both of its documents") {
  Recipe recipe = LoadRecipe("smoke");
  SetRecipeKey(recipe, "weight_decay_bias=0");
  for (bool with_defaults : {false, true}) {
    const Recipe again = ParseRecipe(RecipeToJson(recipe, with_defaults), "again");
    CHECK(RecipeToJson(again, false) == RecipeToJson(recipe, false));
  }
}

TEST_CASE("wrong keys, words and numbers of a recipe are named with their place") {
  CHECK_THROWS_WITH(Parse(R"({"epoch": 5})"),
                    Contains("r.json: unknown key 'epoch'") && Contains("did you mean 'epochs'"));
  CHECK_THROWS_WITH(Parse(R"({"epochs": 0})"), StartsWith("r.json: epochs must be a whole number"));
  CHECK_THROWS_WITH(Parse(R"({"lr": "fast"})"), StartsWith("r.json: lr must be a number"));
  CHECK_THROWS_WITH(Parse(R"({"lr": 1001})"), Contains("lr must be"));
  CHECK_THROWS_WITH(Parse(R"({"weight_decay": 1.5})"), Contains("weight_decay must be"));
  CHECK_THROWS_WITH(Parse(R"({"schedule": "cosin"})"),
                    Contains("none of cosine, constant") && Contains("did you mean 'cosine'"));
  CHECK_THROWS_WITH(Parse(R"({"optimizer": "adam"})"),
                    Contains("none of sgd, rmsprop, adamw") && Contains("did you mean 'adamw'"));
  CHECK_THROWS_WITH(Parse("[]"), Contains("must be a JSON object"));
}

TEST_CASE("an unknown recipe suggests the nearest and lists the built-in ones") {
  CHECK_THROWS_WITH(LoadRecipe("paper10"),
                    Contains("did you mean 'paper-10'") && Contains("smoke"));
}

TEST_CASE("a recipe file is called after itself unless it has a name") {
  const TempFolder folder;
  CHECK(LoadRecipe(folder.Write("short.json", R"({"epochs": 3})")).name == "short");
  CHECK(LoadRecipe(folder.Write("b.json", R"({"name": "mine"})")).name == "mine");
  CHECK_THROWS_WITH(LoadRecipe(folder.Write("c.json", R"({"epochs": )")), Contains("c.json:1:"));
}

TEST_CASE("single keys can be set as on the command line") {
  Recipe recipe;
  SetRecipeKey(recipe, "epochs=5");
  SetRecipeKey(recipe, "lr=1e-3");
  SetRecipeKey(recipe, "nesterov=false");
  SetRecipeKey(recipe, "schedule=constant");
  CHECK(recipe.epochs == 5);
  CHECK(recipe.lr == 0.001);
  CHECK_FALSE(recipe.nesterov);
  CHECK(recipe.schedule == Schedule::kConstant);
  CHECK_THROWS_WITH(SetRecipeKey(recipe, "epochs=many"), Contains("epochs must be"));
  CHECK_THROWS_WITH(SetRecipeKey(recipe, "epoch=5"), Contains("did you mean 'epochs'"));
  CHECK_THROWS_WITH(SetRecipeKey(recipe, "epochs"), Contains("KEY=VALUE"));
  CHECK(recipe.epochs == 5);
}

TEST_CASE("a member's own values replace those of the recipe") {
  const Recipe recipe = WithOverrides(Recipe{}, {.lr = 0.3, .weight_decay = {}});
  CHECK(recipe.lr == 0.3);
  CHECK(recipe.weight_decay == 5e-5);
}

TEST_CASE("settings on top of a recipe are told by its name where they change something") {
  const std::vector<std::string> settings{"epochs=5", "batch_size=128", "lr=0.2"};
  const Recipe recipe = WithSettings(LoadRecipe("paper-10"), settings);
  CHECK(recipe.name == "paper-10 epochs=5 lr=0.2");
  CHECK(recipe.epochs == 5);
  CHECK(recipe.lr == 0.2);
  CHECK(WithSettings(recipe, {}).name == recipe.name);
  const std::vector<std::string> wrong{"epoch=5"};
  CHECK_THROWS_WITH(WithSettings(recipe, wrong), Catch::Contains("epochs"));
}

}  // namespace dse::recipe_test
