#include "runner/work/kept_weights.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "runner/work/run_files.h"
#include "tests/runner/work/study.h"

namespace dse::kept_weights_test {

TEST_CASE("the done runs without kept weights are told from the files in the folder") {
  const Study study(3);
  const TrainSummary summary =
      Train(study.Request(), study.data(),
            FakeTrainerFactory([](const TrainingJob& job, const TrainingHooks& hooks) {
              if (PlaceOf(job.model) != 2) return TrainQuietly(job, hooks);
              TrainingResult diverged;
              diverged.outcome = TrainingOutcome::kDiverged;
              return diverged;
            }),
            {});
  REQUIRE(summary.plan.states[RunState::kDone] == 2);
  Database db = Database::Open(study.db_path(), OpenMode::kReadWrite);
  const std::string folder = WorkFolder(study.db_path(), "");
  CHECK(DoneWithoutWeights(db, {}, folder).size() == 2);
  const ListedRun first = ListRuns(db, {}).front();
  std::filesystem::create_directories(folder + "/weights");
  std::ofstream(AttemptWeightsPath(folder, first.key, 1)) << "of an attempt";
  CHECK(DoneWithoutWeights(db, {}, folder).size() == 2);
  std::ofstream(WeightsPath(folder, first.key)) << "kept";
  const std::vector<int64_t> without = DoneWithoutWeights(db, {}, folder);
  REQUIRE(without.size() == 1);
  CHECK(without.front() != first.id);
  RunFilter diverged;
  diverged.states = {RunState::kDiverged};
  CHECK(DoneWithoutWeights(db, diverged, folder).empty());

  CHECK(RemoveRunFiles(folder, {first.key, "0123456789abcdef"}) == 2);
  CHECK(DoneWithoutWeights(db, {}, folder).size() == 2);
}

TEST_CASE("the command that makes weights wanted afterwards can be pasted into a shell") {
  CHECK(RetryWithWeightsCommand("/tmp/a-1.db", "", {}) ==
        "dse runs retry --with-weights --db /tmp/a-1.db");
  CHECK(RetryWithWeightsCommand("a.db", "w", {{"p", "q"}, {"smoke epochs=4"}, {"folder:it's"}}) ==
        "dse runs retry --with-weights --db a.db --work-dir w --population p --population q"
        " --recipe 'smoke epochs=4' --data 'folder:it'\\''s'");
  CHECK(RetryWithWeightsCommand("-x.db", "", {{"a\nb"}, {}, {}}) ==
        "dse runs retry --with-weights --db=-x.db --population $'a\\012b'");
}

}  // namespace dse::kept_weights_test
