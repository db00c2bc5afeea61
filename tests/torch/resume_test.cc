#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "runner/native/native_engine.h"
#include "runner/training/safetensors.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_model.h"
#include "tests/support/toy_dataset.h"
#include "tests/torch/torch_trainer.h"

namespace dse::resume_test {
namespace {

std::string Slurp(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// Everything with a state: momentum, average of weights, noise, mixup.
Recipe RichRecipe() {
  Recipe recipe;
  recipe.epochs = 3;
  recipe.batch_size = 32;
  recipe.lr = 0.1;
  recipe.augment = Augment::kCifar;
  recipe.precise_bn_images = 0;  // running statistics go on from epoch to epoch
  recipe.ema_decay = 0.9;
  recipe.mixup = 0.2;
  recipe.drop_path = 0.2;
  recipe.dropout = 0.1;
  recipe.grad_clip = 1;
  return recipe;
}

// What a training leaves behind, to the last bit.
struct Traces {
  TrainingOutcome outcome = TrainingOutcome::kDone;
  std::vector<double> numbers;  // of the reports, times left out
  std::vector<std::string> warnings;
  std::string engine;
  std::string weights;
  std::optional<int64_t> micro_batch;
  int asked = 0;  // how often, whether to stop
};

struct Machine {
  int threads = 2;
  int replicas = 1;
  bool native = false;  // by the native engine, else by LibTorch
};

std::unique_ptr<Trainer> TrainerOf(const Machine& machine) {
  TrainerOptions options{"cpu", machine.threads};
  options.replicas = machine.replicas;
  if (!machine.native) return MakeLibTorchTrainer(options);
  Engines engines;
  engines.push_back(MakeNativeEngine(options));
  return std::make_unique<EngineTrainer>(std::move(engines));
}

class Training {
 public:
  explicit Training(const Recipe& recipe, const std::string& block = "Y",
                    const std::string& fingerprint = "0123456789abcdef")
      : recipe_(recipe),
        model_(TinyModel(block)),
        data_(384, 96, {"red", "green", "blue"}, fingerprint) {}

  // Names the three classes otherwise from now on.
  void NameClasses(const std::vector<std::string>& names) { data_ = ToyDataset(384, 96, names); }

  // Trains until `stop_at` questions whether to stop were asked.
  Traces Run(int stop_at, const Machine& machine = {}) {
    Traces traces;
    int asked = 0;
    TrainingHooks hooks;
    hooks.should_stop = [&] { return asked++ == stop_at; };
    hooks.on_warning = [&](const std::string& text) { traces.warnings.push_back(text); };
    hooks.publish = publish;
    hooks.on_epoch = [&](const EpochRecord& report) {
      traces.numbers.insert(traces.numbers.end(),
                            {double(report.epoch), report.lr, *report.train_loss,
                             *report.train_error, *report.test_loss, *report.test_error});
    };
    TrainingJob job{model_, recipe_, data_, 5};
    job.files.checkpoint = checkpoint();
    job.files.weights = weights.empty() ? folder_ / "weights.safetensors" : weights;
    const TrainingResult result = TrainerOf(machine)->Train(job, hooks);
    traces.outcome = result.outcome;
    traces.engine = result.engine;
    traces.asked = asked;
    traces.micro_batch = result.micro_batch;
    traces.weights = Slurp(job.files.weights);
    return traces;
  }

  std::function<bool(const std::function<void()>&)> publish;
  std::string weights;  // "" = in the folder

  std::string checkpoint() const { return folder_ / "run.checkpoint"; }
  std::string previous() const { return checkpoint() + ".previous"; }

 private:
  TempFolder folder_;
  Recipe recipe_;
  Model model_;
  ToyDataset data_;
};

constexpr int kNever = -1;
constexpr size_t kNumbersOfEpoch = 6;

void CheckSame(const Traces& one, const Traces& other, bool weights = true) {
  CHECK(one.outcome == other.outcome);
  CHECK(one.numbers == other.numbers);
  if (weights) CHECK(one.weights == other.weights);
  CHECK(!one.weights.empty());
}

}  // namespace

// An epoch asks 12 times in training and 3 times in its test.
TEST_CASE("A training stopped anywhere goes on as if it had never stopped") {
  const Traces whole = Training(RichRecipe()).Run(kNever);
  REQUIRE(whole.numbers.size() == 18);
  for (const int stop_at : {0, 5, 11, 13, 15, 21, 37}) {
    CAPTURE(stop_at);
    Training training(RichRecipe());
    CHECK(training.Run(stop_at).outcome == TrainingOutcome::kInterrupted);
    CHECK(std::filesystem::exists(training.checkpoint()));
    CheckSame(training.Run(kNever), whole);
  }
}

TEST_CASE("A training stopped at every third step still ends the same") {
  const Traces whole = Training(RichRecipe()).Run(kNever);
  Training training(RichRecipe());
  Traces last;
  int calls = 0;
  do {
    last = training.Run(4);
  } while (last.outcome == TrainingOutcome::kInterrupted && ++calls < 100);
  CHECK(calls >= 9);
  CheckSame(last, whole);
}

TEST_CASE("Momentum of every optimizer and precise statistics survive a stop") {
  for (const OptimizerKind optimizer : {OptimizerKind::kRmsprop, OptimizerKind::kAdamw}) {
    Recipe recipe = RichRecipe();
    recipe.epochs = 2;
    recipe.optimizer = optimizer;
    recipe.lr = 0.002;
    recipe.precise_bn_images = 64;
    const Traces whole = Training(recipe, "MBConv").Run(kNever);
    Training training(recipe, "MBConv");
    training.Run(7);
    CheckSame(training.Run(kNever), whole);
  }
}

// Momentum, averages and noise go over with the weights: without one of them losses differ in the
// third digit.
TEST_CASE("What one engine began the other ends, near to what either alone comes to") {
  for (const OptimizerKind optimizer :
       {OptimizerKind::kSgd, OptimizerKind::kRmsprop, OptimizerKind::kAdamw}) {
    for (const bool native : {false, true}) {
      CAPTURE(int(optimizer), native);
      Recipe recipe = RichRecipe();
      recipe.optimizer = optimizer;
      recipe.lr = optimizer == OptimizerKind::kSgd ? 0.02 : 0.001;
      const Traces whole = Training(recipe, "MBConv").Run(kNever, {.native = native});
      Training training(recipe, "MBConv");
      REQUIRE(training.Run(20, {.native = native}).outcome == TrainingOutcome::kInterrupted);
      const Traces mixed = training.Run(kNever, {.native = !native});
      REQUIRE(mixed.warnings.size() == 1);
      CHECK_THAT(mixed.warnings[0], Catch::Contains("was begun by " + whole.engine));
      CHECK_THAT(mixed.engine, Catch::StartsWith(whole.engine + " + "));
      REQUIRE(mixed.numbers.size() == whole.numbers.size());
      for (size_t i = 0; i < whole.numbers.size(); i += kNumbersOfEpoch) {
        for (const size_t loss : {i + 2, i + 4}) {
          CHECK(mixed.numbers[loss] == Approx(whole.numbers[loss]).epsilon(1e-5));
        }
      }
    }
  }
}

TEST_CASE("A damaged checkpoint is named and the one before it is used") {
  const Traces whole = Training(RichRecipe()).Run(kNever);
  for (const bool cut : {true, false}) {
    Training training(RichRecipe());
    training.Run(20);  // after the second epoch's test began: two files
    training.Run(24);
    REQUIRE(std::filesystem::exists(training.previous()));
    std::string bytes = Slurp(training.checkpoint());
    if (cut) {
      bytes.resize(bytes.size() / 2);
    } else {
      bytes[bytes.size() - 100] = static_cast<char>(bytes[bytes.size() - 100] ^ 1);
    }
    std::ofstream(training.checkpoint(), std::ios::binary) << bytes;
    const Traces resumed = training.Run(kNever);
    REQUIRE(resumed.warnings.size() == 1);
    CHECK_THAT(resumed.warnings[0], Catch::Contains(training.checkpoint()));
    CheckSame(resumed, whole);
  }
}

TEST_CASE("Without a whole checkpoint a training starts again and says why") {
  const Traces whole = Training(RichRecipe()).Run(kNever);
  Training training(RichRecipe());
  training.Run(20);
  for (const std::string& path : {training.checkpoint(), training.previous()}) {
    std::ofstream(path, std::ios::binary) << "torn";
  }
  const Traces again = training.Run(kNever);
  CHECK(again.warnings.size() == 2);
  CheckSame(again, whole);
}

TEST_CASE("A checkpoint of another run is not used") {
  Training training(RichRecipe());
  training.Run(20);
  Recipe other = RichRecipe();
  other.lr = 0.05;
  Training second(other);
  std::filesystem::copy_file(training.checkpoint(), second.checkpoint());
  const Traces traces = second.Run(kNever);
  REQUIRE(traces.warnings.size() == 1);
  CHECK_THAT(traces.warnings[0], Catch::Contains("another run"));
  CheckSame(traces, Training(other).Run(kNever));
}

// What lies there when a kill comes between two renames: the one before, and the new one as
// .fresh. A training asks 45 times.
TEST_CASE("Wherever a kill cuts the change of checkpoints, no finished epoch is trained again") {
  const Traces whole = Training(RichRecipe()).Run(kNever);
  REQUIRE(whole.asked == 45);
  enum class Kill { kNone, kBeforeRenames, kBetweenRenames, kTorn };
  for (const Kill kill : {Kill::kNone, Kill::kBeforeRenames, Kill::kBetweenRenames, Kill::kTorn}) {
    CAPTURE(int(kill));
    Training training(RichRecipe());
    training.Run(33);  // after three steps of the third epoch
    const std::string path = training.checkpoint(), fresh = path + ".fresh";
    REQUIRE(std::filesystem::exists(training.previous()));
    if (kill == Kill::kBeforeRenames) {
      std::filesystem::rename(path, fresh);
      std::filesystem::rename(training.previous(), path);
    } else if (kill == Kill::kBetweenRenames) {
      std::filesystem::rename(path, fresh);
    } else if (kill == Kill::kTorn) {
      std::ofstream(fresh + ".new-1", std::ios::binary) << "half";
    }
    const Traces resumed = training.Run(kNever);
    CHECK(resumed.asked == 12);
    CHECK(resumed.warnings.empty());
    CheckSame(resumed, whole);
  }
}

TEST_CASE("A training whose run is no longer its owner's changes no file and ends") {
  Training training(RichRecipe());
  training.Run(20);
  const std::string before = Slurp(training.checkpoint());
  int refused = 0;
  training.publish = [&](const std::function<void()>&) {
    ++refused;
    return false;
  };
  const Traces traces = training.Run(kNever);
  CHECK(traces.outcome == TrainingOutcome::kInterrupted);
  CHECK(refused == 1);
  CHECK(Slurp(training.checkpoint()) == before);
  CHECK_FALSE(std::filesystem::exists(training.checkpoint() + ".fresh"));
}

TEST_CASE("Weights that cannot be written are told of and the result stays") {
  Training training(RichRecipe());
  training.weights = training.checkpoint() + "/no/folder";
  const Traces traces = training.Run(kNever);
  CHECK(traces.outcome == TrainingOutcome::kDone);
  REQUIRE(traces.warnings.size() == 1);
  CHECK_THAT(traces.warnings[0], Catch::Contains("/no/folder"));
  CHECK(traces.numbers.size() == 18);
}

// Takes out of a checkpoint what those of before did not have.
void ForgetData(const std::string& path) {
  TensorFile file = ReadSafetensors(path, Checksum::kRequired);
  CHECK(file.metadata.erase("dse_data") == 1);
  WriteSafetensors(path, file);
}

TEST_CASE("A checkpoint of other data is not used, whether it tells them or not") {
  Training other(RichRecipe(), "Y", "fedcba9876543210");
  other.Run(20);
  Training training(RichRecipe());
  std::filesystem::copy_file(other.checkpoint(), training.checkpoint());
  std::string reason = "is of other data (fedcba9876543210, not 0123456789abcdef)";
  SECTION("told") {}
  SECTION("of before") {
    ForgetData(training.checkpoint());
    reason = "or of before checkpoints told the contents of data";
  }
  const Traces traces = training.Run(kNever);
  REQUIRE(traces.warnings.size() == 1);
  CHECK_THAT(traces.warnings[0], Catch::Contains(reason));
  CheckSame(traces, Training(RichRecipe()).Run(kNever));
}

// As that of `synthetic`, which always covered contents.
TEST_CASE("A checkpoint of before goes on where the fingerprint is still the same") {
  Training training(RichRecipe());
  training.Run(20);
  ForgetData(training.checkpoint());
  const Traces traces = training.Run(kNever);
  CHECK(traces.warnings.empty());
  CheckSame(traces, Training(RichRecipe()).Run(kNever));
}

TEST_CASE("A checkpoint is not used for other classes, nor for the same ones in another order") {
  Training training(RichRecipe());
  REQUIRE(training.Run(20).outcome == TrainingOutcome::kInterrupted);
  training.NameClasses({"green", "red", "blue"});
  const Traces traces = training.Run(kNever);
  REQUIRE(!traces.warnings.empty());
  CHECK_THAT(traces.warnings[0], Catch::Contains("its classes are others, or in another order"));
  CheckSame(traces, Training(RichRecipe()).Run(kNever), /*weights=*/false);
}

// Versions that kept no names had numbered classes in the order of bytes.
TEST_CASE("A checkpoint without class names goes on unless the order of its classes changed") {
  for (const bool numbered : {false, true}) {
    Training training(RichRecipe());
    if (numbered) training.NameClasses({"2", "10", "11"});
    REQUIRE(training.Run(20).outcome == TrainingOutcome::kInterrupted);
    for (const std::string& path : {training.checkpoint(), training.previous()}) {
      if (!std::filesystem::exists(path)) continue;
      TensorFile file = ReadSafetensors(path, Checksum::kRequired);
      REQUIRE(file.metadata.erase("classes") == 1);
      WriteSafetensors(path, file);
    }
    CHECK(training.Run(kNever).warnings.empty() == !numbered);
  }
}

}  // namespace dse::resume_test
