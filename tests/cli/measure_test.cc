#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/json.h"
#include "tests/cli/program.h"

namespace dse::measure_test {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;

// Two trained networks, one of them with kept weights.
std::string TrainedStudy(const TempFolder& folder) {
  const std::string db = SmallStudy(folder, "RegNetX", "2");
  const Words train = {
      "train", "--db",    db,         "--data",           "synthetic",     "--recipe",
      "smoke", "--set",   "epochs=1", "train_images=256", "test_images=0", "precise_bn_images=128",
      "-q",    "--limit", "1"};
  Words keeping = train;
  keeping.push_back("--keep-weights");
  REQUIRE(Dse(keeping).code == 0);
  REQUIRE(Dse(train).code == 0);
  return db;
}

const char* kTiny =
    R"({"type":"anynet","block":"X","stem":"cifar","stem_width":8,"resolution":16,"classes":10,)"
    R"("depths":[1,1],"widths":[8,16],"strides":[1,2],"bottleneck":1,"group_widths":8})";

}  // namespace

TEST_CASE("kept weights are tested on a dataset, once, and the results are rows", "[cli][eval]") {
  const TempFolder folder;
  const std::string db = TrainedStudy(folder);
  const ProcessResult same = Dse({"eval", "--db", db, "--data", "synthetic"});
  INFO(same.err);
  CHECK(same.code == 0);
  CHECK_THAT(same.err, Contains("1 of 2 runs have no kept weights"));
  CHECK((same.err.find("testing on cpu, ") == 0 || same.err.find("testing on cuda:") == 0));
  // All test images were tested in training too, so the error is the same.
  CHECK(Query(db,
              "SELECT count(*) || ' ' || (min(tested_error) = min(error)) || ' ' || max(images)"
              " || ' ' || (min(tested_loss) > 0) FROM evaluated") == "1 1 1000 1");

  REQUIRE(Dse({"pack", "--data", "synthetic:hard", "--out", folder / "p", "-q"}).code == 0);
  CHECK(Dse({"eval", "--db", db, "--data", "pack:" + folder / "p", "-q"}).code == 0);
  CHECK(Query(db, "SELECT count(*) FROM evaluated") == "2");

  // What has a result is not tested again, so the weights are not needed.
  const std::string weights = fs::directory_iterator(db + ".d/weights")->path();
  fs::resize_file(weights, 1000);
  CHECK(Dse({"eval", "--db", db, "--data", "synthetic", "-q"}).code == 0);
  const ProcessResult damaged = Dse({"eval", "--db", db, "--data", "synthetic", "--again"});
  CHECK(damaged.code == 1);
  CHECK_THAT(damaged.err, Contains(weights + ": is no safetensors file, or cut short"));
  fs::remove(weights);
  const ProcessResult none = Dse({"eval", "--db", db, "--data", "synthetic", "--again"});
  CHECK(none.code == 1);
  CHECK_THAT(none.err, Contains("no run has kept weights"));
  CHECK(Query(db, "SELECT count(*) FROM evaluated") == "2");
}

TEST_CASE("networks are timed, and the timings are kept", "[cli][bench]") {
  const TempFolder folder;
  const std::string model = folder.Write("tiny.json", kTiny);
  const std::string db = folder / "t.db";
  const Words words = {
      "bench",         "--device", "cpu",           "--threads", "1",    "--samples", "5",
      "--infer-batch", "4",        "--train-batch", "8",         "--db", db,          "-q"};
  Words named = words;
  named.insert(named.begin() + 1, model);
  const ProcessResult table = Dse(named);
  INFO(table.err);
  REQUIRE(table.code == 0);
  CHECK_THAT(table.out, Contains("cpu, 1 threads, fp32") || Contains("cpu, 1 thread, fp32"));
  CHECK_THAT(table.out, Contains("(top-1)"));
  const char* all =
      "SELECT group_concat(mode || ' ' || device || ' ' || precision || ' ' ||"
      " threads || ' ' || batch_size || ' ' || samples || ' ' ||"
      " (lowest <= milliseconds AND milliseconds <= highest AND lowest > 0), ', ')"
      " FROM (SELECT * FROM timings ORDER BY mode)";
  CHECK(Query(db, all) == "inference cpu fp32 1 4 5 1, training cpu fp32 1 8 5 1");

  // The second time nothing is measured, and --again measures.
  const char* when = "SELECT group_concat(measured_at) FROM timings";
  const std::string first = Query(db, when);
  named.push_back("--json");
  const ProcessResult lines = Dse(named);
  CHECK(Query(db, when) == first);
  const Json line = Json::parse(lines.out.substr(lines.out.find('\n')));
  CHECK(line["mode"] == "training");
  CHECK(line["hours"].get<double>() ==
        Approx(100 * 1281167.0 / 8 * line["milliseconds"].get<double>() / 3.6e6));
  named.push_back("--again");
  CHECK(Dse(named).code == 0);
  CHECK(Query(db, when) != first);
  CHECK(Query(db, "SELECT count(*) FROM timings") == "2");
}

TEST_CASE("the networks of a population are timed beside their errors", "[cli][bench]") {
  const TempFolder folder;
  const std::string db = TrainedStudy(folder);
  const ProcessResult table = Dse({"bench", "--db", db, "--population", "RegNetX", "--samples", "1",
                                   "--infer-batch", "2", "--train-batch", "2", "-q"});
  INFO(table.err);
  CHECK(table.code == 0);
  CHECK(Query(db, "SELECT count(*) FROM speeds WHERE population = 'RegNetX'") == "4");
  CHECK_THAT(table.out, Contains(Query(db, "SELECT printf('%.2f', error) FROM runs LIMIT 1")));
  CHECK(Dse({"bench"}).code == 2);
  CHECK_THAT(Dse({"bench", "--db", folder / "no.db"}).err, Contains("no such file"));
  CHECK_THAT(Dse({"bench", "regnetx-200m"}).err, Contains("did you mean 'regnetx-200mf'?"));
}

}  // namespace dse::measure_test
