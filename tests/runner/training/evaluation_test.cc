#include "runner/training/evaluation.h"

#include <catch2/catch.hpp>

#include "core/error.h"
#include "runner/training/engine_trainer.h"
#include "runner/training/weights.h"
#include "tests/runner/training/toy_training.h"

namespace dse::evaluation_test {
namespace {

using Catch::Matchers::Contains;

// Weights of a toy training, tested on other data.
class KeptToy {
 public:
  KeptToy() {
    training_.recipe.epochs = 1;
    training_.Run();
  }

  EvaluationResult Test(const Dataset& data, const ClassMap& map) {
    Engines engines;
    engines.push_back(MakeFakeEngine(script));
    return EngineTrainer(std::move(engines))
        .Evaluate({training_.model, training_.recipe, data, map, training_.weights()});
  }
  EvaluationResult TestByName(const ToyDataset& data) {
    const ClassList network{"the network", {"red", "green", "blue"}, 3};
    return Test(data, MapClasses(network, {"data", data.info().class_names, 3}, {}));
  }

  const EpochRecord& trained() const { return training_.reports.back(); }
  std::string weights() const { return training_.weights(); }
  const Model& model() const { return training_.model; }

  FakeScript script;

 private:
  ToyTraining training_;
};

}  // namespace

TEST_CASE("Kept weights tested on the data of their training give its last error and loss") {
  KeptToy toy;
  const EvaluationResult result = toy.TestByName(ToyDataset(24, 10));
  CHECK(result.images == 10);
  CHECK(result.error == toy.trained().test_error);
  CHECK(result.loss == Approx(*toy.trained().test_loss));
  CHECK(toy.script.Calls() == "make 1x1 for tests | put | tally 1 | test 8 | test 2 | take");
}

TEST_CASE("Classes in another order are tested by their names") {
  KeptToy toy;
  // Images of the data's class 2 are of the network's class 1, which the fake answers wrongly.
  const EvaluationResult result = toy.TestByName(ToyDataset(24, 10, {"red", "blue", "green"}));
  CHECK(result.error == Approx(100 * 3 / 10.0));
  const EvaluationResult same = toy.TestByName(ToyDataset(24, 12));
  CHECK(same.error == Approx(100 * 4 / 12.0));
}

TEST_CASE("Data of some classes are tested over these outputs, labels are places among them") {
  KeptToy toy;
  ToyDataset data(24, 10, {"green", "blue", "blue too"});
  const ClassMap map{{1, 2, 2}, {1, 2}, 3};
  const EvaluationResult result = toy.Test(data, map);
  CHECK_THAT(toy.script.Calls(), Contains("test 8 of 1,2 | test 2 of 1,2"));
  CHECK(result.error == Approx(100 * 6 / 10.0));  // label 1: both blues
}

TEST_CASE("A map that the network or the data contradict is refused") {
  KeptToy toy;
  const ToyDataset data(24, 10);
  const Catch::Matchers::StdString::ContainsMatcher refused =
      Contains("which the map from one to the other contradicts");
  CHECK_THROWS_WITH(toy.Test(data, ClassMap{{0, 1}, {0, 1}, 3}), refused);
  CHECK_THROWS_WITH(toy.Test(data, ClassMap{{0, 1, 2}, {0, 1, 3}, 3}), refused);
  CHECK_THROWS_WITH(toy.Test(data, ClassMap{{0, 1, 2}, {0, 1, 2}, 4}), refused);
  CHECK(toy.script.calls.empty());
}

TEST_CASE("A test that memory does not suffice for is made in parts") {
  KeptToy toy;
  toy.script.fits = 2;
  const EvaluationResult result = toy.TestByName(ToyDataset(24, 10));
  CHECK(result.error == toy.trained().test_error);
  CHECK_THAT(toy.script.Calls(), Contains("free | make 1x4 for tests | put | tally 1 | test 8"));
  toy.script.fits = 1;
  CHECK_THROWS_WITH(toy.TestByName(ToyDataset(24, 10)), "out of memory on cpu, 1 thread");
}

TEST_CASE("One replica tests, whatever trained") {
  KeptToy toy;
  toy.script.replicas = 4;
  toy.TestByName(ToyDataset(24, 10));
  CHECK_THAT(toy.script.Calls(), Catch::StartsWith("make 1x1 for tests"));
}

TEST_CASE("Kept weights come back as they were given, under our names") {
  const KeptToy toy;
  const KeptWeights kept = ReadWeights(toy.weights(), toy.model());
  const NetworkPlan plan = PlanNetwork(toy.model());
  REQUIRE(kept.tensors.size() == plan.parameters.size() + 2 * plan.Norms().size());
  CHECK(kept.tensors.front().name == plan.parameters.front().name);
  CHECK(kept.tensors.front().shape == plan.parameters.front().shape);
  CHECK(kept.tensors.back().name == plan.Norms().back()->name + ".running_var");
  CHECK(ReadChannels(kept.metadata, "file").stddev == ToyDataset(1, 1).info().stddev);
}

TEST_CASE("Weights of another network, or without what a test needs, are refused") {
  const KeptToy toy;
  CHECK_THROWS_WITH(ReadWeights(toy.weights(), TinyModel("Basic")),
                    Contains("it belongs to another network"));
  TensorFile file = ReadSafetensors(toy.weights(), Checksum::kRequired);
  const TempFolder folder;
  const std::string path = folder / "changed.safetensors";
  SECTION("a tensor more") {
    file.tensors.push_back({"more", TensorType::kF32, {}, std::string(4, '\0')});
    WriteSafetensors(path, file);
    CHECK_THROWS_WITH(ReadWeights(path, toy.model()),
                      path + ": 'more' is not of this network; the file belongs to another one");
  }
  SECTION("a tensor less") {
    const std::string name = file.tensors[3].name;
    file.tensors.erase(file.tensors.begin() + 3);
    WriteSafetensors(path, file);
    CHECK_THROWS_WITH(ReadWeights(path, toy.model()),
                      path + ": has no tensor '" + name + "'; it belongs to another network");
  }
  SECTION("another type") {
    CHECK_THROWS_WITH(ReadWeights(toy.weights(), toy.model(), TensorType::kF64),
                      Contains("has another shape or type"));
  }
  SECTION("no channels") {
    CHECK_THROWS_WITH(ReadChannels({{"channel_mean", "[0.5,0.5]"}}, "file"),
                      "file: its metadata have no channel_mean of three numbers");
  }
}

}  // namespace dse::evaluation_test
