#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/json.h"
#include "db/claims.h"
#include "db/finishing.h"
#include "db/owner.h"
#include "db/plan.h"
#include "db/populations.h"
#include "tests/cli/program.h"

namespace dse::runs_test {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
namespace fs = std::filesystem;

// A population of four networks with a planned run each: run 1 failed for good, run 2 done.
struct Study {
  Study() {
    {
      Database file = Database::Open(db, OpenMode::kReadWrite);
      WantedRuns wanted;
      wanted.recipe = {"0123456789abcdef", "smoke", R"({"lr":0.1,"weight_decay":0.0})"};
      wanted.dataset = {"fedcba9876543210", "synthetic", 10, 100, 100};
      for (const StoredMember& member : LoadMembers(file, {})) {
        wanted.runs.push_back({member.member_id, 0, member.draw.hash, wanted.recipe});
      }
      const PlanSummary plan = PlanRuns(file, wanted);
      const Owner owner = Owner::ThisProcess();
      ClaimRequest request;
      request.run_ids = plan.run_ids;
      request.retries = 0;
      FinishedRun failure;
      failure.state = RunState::kFailed;
      failure.message = "no luck\nat all";
      REQUIRE(FinishRun(file, ClaimNext(file, owner, request).value(), failure));
      FinishedRun done;
      done.error = 40;
      done.best_error = 38.5;
      done.seconds = 2;
      REQUIRE(FinishRun(file, ClaimNext(file, owner, request).value(), done));
    }
    weights = folder.Write(
        "s.db.d/weights/" + Query(db, "SELECT key FROM runs WHERE id = 2") + ".safetensors",
        "weights");
  }
  ProcessResult Runs(Words words) {
    words.insert(words.begin(), "runs");
    words.insert(words.end(), {"--db", db});
    return Dse(words);
  }
  TempFolder folder;
  std::string db = SmallStudy(folder, "RegNetX", "4");
  std::string weights;  // kept, of run 2
};

TEST_CASE("runs are listed and shown with all that became of them", "[cli]") {
  Study study;
  const ProcessResult list = study.Runs({"list"});
  CHECK(list.code == 0);
  CHECK_THAT(list.out, StartsWith("run  population  member  model") && Contains("no luck") &&
                           !Contains("at all") && Contains("40.00%"));
  CHECK(std::count(list.out.begin(), list.out.end(), '\n') == 5);
  const Json failed =
      ParseJson(study.Runs({"list", "--state", "failed", "--json"}).out, "list").at("runs");
  REQUIRE(failed.size() == 1);
  CHECK(failed[0].at("run") == 1);
  CHECK(failed[0].at("populations") == Json({"RegNetX"}));
  CHECK(failed[0].at("state") == "failed");
  CHECK(failed[0].at("message") == "no luck\nat all");
  const ProcessResult show = study.Runs({"show", "--run", "1", "2"});
  CHECK_THAT(show.out, Contains("at all") && Contains("done 40.00%, best 38.50%") &&
                           Contains("weights " + study.weights));
  const Json shown = ParseJson(study.Runs({"show", "--run", "2", "--json"}).out, "show");
  CHECK(shown.at("runs").at(0).at("weights") == Json({study.weights}));
  CHECK(shown.at("runs").at(0).at("attempts").at(0).at("error") == 40);
}

TEST_CASE("runs are retried and cancelled, which each says what it did", "[cli]") {
  Study study;
  CHECK_THAT(study.Runs({"retry"}).out,
             StartsWith("1 run to be trained again (1 failed)") && Contains("--state done"));
  CHECK(study.Runs({"retry"}).out ==
        "0 runs to be trained again; left as they are: 3 pending, 1 done; --state done or --run "
        "takes done ones\n");
  CHECK_THAT(study.Runs({"retry", "--run", "2"}).out, StartsWith("1 run to be trained again"));
  CHECK_THAT(study.Runs({"list", "--run", "2"}).out, Contains("before: done 40.00%"));
  CHECK(study.Runs({"cancel"}).out ==
        "4 runs cancelled (4 pending, 0 running); 1 with the result of before\n");
  CHECK(study.Runs({"cancel"}).out == "0 runs cancelled (0 pending, 0 running)\n");
  CHECK(Query(study.db, "SELECT group_concat(state) FROM (SELECT state FROM runs ORDER BY id)") ==
        "cancelled,done,cancelled,cancelled");
}

TEST_CASE("runs without kept weights are retried where weights are wanted", "[cli]") {
  Study study;
  CHECK(study.Runs({"retry", "--with-weights"}).out == "0 runs to be trained again\n");
  fs::remove(study.weights);
  CHECK(study.Runs({"retry", "--with-weights"}).out ==
        "1 run to be trained again (1 done), by 'dse train --keep-weights'\n");
  CHECK(Query(study.db, "SELECT state FROM runs WHERE id = 2") == "pending");
}

TEST_CASE("runs are forgotten with their files, and never all by a slip", "[cli]") {
  Study study;
  const ProcessResult bare = study.Runs({"forget"});
  CHECK(bare.code == 2);
  CHECK_THAT(bare.err, Contains("--yes"));
  CHECK(fs::exists(study.weights));
  CHECK(study.Runs({"forget", "--state", "done"}).out ==
        "1 run forgotten (1 done) of RegNetX, with 1 file\n");
  CHECK_FALSE(fs::exists(study.weights));
  CHECK(study.Runs({"forget", "--yes"}).out ==
        "3 runs forgotten (2 pending, 1 failed) of RegNetX, with 0 files\n");
  CHECK(study.Runs({"forget", "--yes"}).out == "0 runs forgotten\n");
  CHECK_THAT(Dse({"status", "--db", study.db}).out, Contains("1 populations, 4 models"));
}

TEST_CASE("slips in what to do with which runs are one sentence", "[cli]") {
  Study study;
  const auto slip = [&](const Words& words, const std::string& sentence, int code) {
    const ProcessResult result = study.Runs(words);
    CHECK(result.code == code);
    CHECK_THAT(result.err, Contains(sentence));
    CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
  };
  slip({"lst"}, "'runs lst' is no command, did you mean 'list'?", 2);
  slip({}, "list, show, retry, cancel, forget", 2);
  slip({"list", "--state", "fialed"}, "did you mean 'failed'?", 2);
  slip({"list", "--run", "x"}, "--run takes whole numbers, not 'x'", 2);
  slip({"list", "7"}, "--run chooses runs", 2);
  slip({"retry", "--json"}, "--json is for", 2);
  slip({"show"}, "--run", 2);
  slip({"list", "--run", "9"}, "has no run 9", 1);
  slip({"list", "--population", "RegNet"}, "did you mean 'RegNetX'?", 1);
}

TEST_CASE("weights wanted afterwards come by a retry and the same training",
          "[cli][train][trains-long]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "2");
  Words train = {
      "train", "--db",  db,         "--data",           "synthetic",       "--recipe",
      "smoke", "--set", "epochs=1", "train_images=128", "test_images=128", "precise_bn_images=0"};
  REQUIRE(Dse(train).code == 0);
  const std::string error = Query(db, "SELECT error FROM runs WHERE id = 1");
  train.push_back("--keep-weights");
  CHECK_THAT(Dse(train).err, Contains("2 finished runs have no kept weights; 'dse runs retry "
                                      "--with-weights --db " +
                                      db + " --recipe "));
  // Another recipe's runs are not meant.
  Words other = train;
  other.pop_back();
  other.insert(other.end(), {"--population", "RegNetX"});
  std::replace(other.begin(), other.end(), std::string("epochs=1"), std::string("epochs=2"));
  REQUIRE(Dse(other).code == 0);
  const std::string err = Dse(train).err;
  const size_t begin = err.find("'dse runs retry");
  REQUIRE(begin != std::string::npos);
  std::istringstream hint(err.substr(begin + 5, err.find("'", begin + 1) - begin - 5));
  const Words said{std::istream_iterator<std::string>(hint), {}};
  CHECK_THAT(Dse(said).out, StartsWith("2 runs to be trained again (2 done)"));
  const ProcessResult again = Dse(train);
  CHECK_THAT(again.err, Contains("2 done; 2 by this call") && !Contains("no kept weights"));
  CHECK(Query(db, "SELECT error FROM runs WHERE id = 1") == error);
  CHECK(Query(db, "SELECT count(*) FROM attempts WHERE outcome = 'done'") == "6");
  CHECK(Dse(said).out == "0 runs to be trained again\n");
}

TEST_CASE("a call whose default recipes would differ says which they are", "[cli]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "2");
  REQUIRE(Dse({"add", "--db", db, "--population", "large", "resnet-50", "--classes", "10"}).code ==
          0);
  const Words train = {"train", "--db", db, "--data", "synthetic", "--dry-run"};
  const ProcessResult mixed = Dse(train);
  CHECK(mixed.code == 2);
  CHECK_THAT(mixed.err, Contains("cifar for 2 networks, paper-10 for 1 networks") &&
                            Contains("--recipe") && Contains("--population"));
  for (const Words& more : {Words{"--population", "large"}, Words{"--recipe", "cifar"}}) {
    Words words = train;
    words.insert(words.end(), more.begin(), more.end());
    CHECK(Dse(words).code == 0);
  }
}

}  // namespace
}  // namespace dse::runs_test
