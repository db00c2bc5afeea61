#include "tests/runner/work/study.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.h"
#include "db/populations.h"
#include "db/sqlite/sqlite.h"
#include "runner/data/synthetic.h"
#include "runner/training/learning_rate.h"

namespace dse {
namespace {

Draw MakeDraw(int64_t index, int classes) {
  Draw draw;
  draw.index = index;
  draw.candidate = index;
  draw.model = ParseModel({{"type", "anynet"},
                           {"block", "X"},
                           {"stem", "cifar"},
                           {"resolution", 32},
                           {"classes", classes},
                           {"depths", {index + 1, 1}},
                           {"widths", {8, 16}},
                           {"bottleneck", 1},
                           {"group_widths", 8}},
                          "test model");
  draw.hash = ModelHash(draw.model);
  draw.complexity = CountComplexity(draw.model);
  return draw;
}

class FakeTrainer : public Trainer {
 public:
  FakeTrainer(FakeTraining training, FakeTest test)
      : training_(std::move(training)), test_(std::move(test)) {}
  TrainingResult Train(const TrainingJob& job, const TrainingHooks& hooks) override {
    TrainingResult result = training_(job, hooks);
    result.engine = EngineFor(job.model, job.recipe).Text();
    return result;
  }
  DeviceInfo device() const override { return {{}, 3}; }
  EngineInfo EngineFor(const Model&, const Recipe&) const override { return {"Fake", "1"}; }
  Precision ResolvePrecision(const Model&, const Recipe&) const override {
    return Precision::kFp32;
  }
  EvaluationResult Evaluate(const EvaluationJob& job) override { return test_(job); }

 private:
  FakeTraining training_;
  FakeTest test_;
};

}  // namespace

Study::Study(int networks, int classes)
    : db_path_(folder_ / "study.db"), data_(MakeSyntheticDataset("", 1)) {
  std::vector<Draw> draws;
  for (int i = 0; i < networks; ++i) draws.push_back(MakeDraw(i, classes));
  PopulationRecord population;
  population.name = "small";
  population.origin = "named";
  Database db = Database::Open(db_path_, OpenMode::kCreate);
  StorePopulation(db, population, draws);
}

TrainRequest Study::Request() const {
  TrainRequest request;
  request.db_path = db_path_;
  request.recipe.name = "test";
  request.recipe.epochs = 2;
  return request;
}

int64_t Study::Query(const std::string& sql) const {
  return sqlite::Connection(db_path_, sqlite::Access::kReadWrite).QueryInt(sql);
}

std::string Study::QueryText(const std::string& sql) const {
  return sqlite::Connection(db_path_, sqlite::Access::kReadWrite).QueryText(sql);
}

TrainerFactory FakeTrainerFactory(FakeTraining training) {
  return [training = std::move(training)](const TrainerOptions&) {
    return std::make_unique<FakeTrainer>(training, FakeTest());
  };
}

TrainerFactory FakeTesterFactory(FakeTest test) {
  return [test = std::move(test)](const TrainerOptions&) {
    return std::make_unique<FakeTrainer>(FakeTraining(), test);
  };
}

int PlaceOf(const Model& model) { return model.stages.front().depth - 1; }

TrainingResult TrainQuietly(const TrainingJob& job, const TrainingHooks& hooks, int milliseconds) {
  TrainingResult result;
  for (int epoch = 1; epoch <= job.recipe.epochs; ++epoch) {
    for (int i = 0; i < milliseconds; ++i) {
      if (hooks.should_stop()) {
        result.outcome = TrainingOutcome::kInterrupted;
        return result;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    result.error = 10 + PlaceOf(job.model) + static_cast<double>(job.seed) / 100;
    hooks.on_epoch({epoch, LearningRate(job.recipe, epoch - 1), 1, 50, 1, result.error, 0.001});
  }
  result.best_error = result.error;
  result.seconds = 0.5;
  result.img_per_s = 1000;
  return result;
}

void AppendLine(const std::string& path, const std::string& line) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  const std::string text = line + "\n";
  if (write(file, text.data(), text.size()) < 0) throw Error("cannot write " + path);
  close(file);
}

int64_t CountLines(const std::string& path) {
  std::ifstream file(path);
  int64_t lines = 0;
  for (std::string line; std::getline(file, line);) ++lines;
  return lines;
}

int StartTrain(const TrainRequest& request, const Dataset& data, const TrainerFactory& factory) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);  // its workers are waited for as well
  const int pid = fork();
  setpgid(pid, pid);  // in both, for either may be the first to go on
  if (pid != 0) return pid;
  try {
    _exit(Train(request, data, factory, {}).interrupted ? 130 : 0);
  } catch (const Error&) {
    _exit(1);
  }
}

int WaitFor(int pid) {
  int status = 0;
  waitpid(pid, &status, 0);
  while (waitpid(-pid, nullptr, 0) > 0) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace dse
