#include "tests/runner/work/tested_study.h"

#include "runner/training/safetensors.h"
#include "runner/training/weights_metadata.h"
#include "runner/work/run_files.h"

namespace dse {

TestedStudy::TestedStudy(int networks) : study_(networks) {
  Train(study_.Request(), study_.data(),
        FakeTrainerFactory([](const TrainingJob& job, const TrainingHooks& hooks) {
          return TrainQuietly(job, hooks);
        }),
        {});
}

EvalRequest TestedStudy::Request() const {
  EvalRequest request;
  request.db_path = db_path();
  request.data = "synthetic";
  request.trainer.threads = 1;
  return request;
}

std::vector<DoneRun> TestedStudy::runs() const {
  Database db = Database::Open(db_path(), OpenMode::kReadWrite);
  return LoadDoneRuns(db, {}, {});
}

std::string TestedStudy::WeightsOf(const DoneRun& run) const {
  return WeightsPath(WorkFolder(db_path(), ""), run.key);
}

void TestedStudy::KeepWeights(const DoneRun& run, const std::vector<std::string>& classes) const {
  MakeRunFolders(WorkFolder(db_path(), ""));
  TensorFile file;
  if (!classes.empty()) file.metadata[kClassNames] = NamesToText(classes);
  WriteSafetensors(WeightsOf(run), file);
}

void TestedStudy::KeepWeights(const DoneRun& run) const {
  KeepWeights(run, study_.data().info().class_names);
}

}  // namespace dse
