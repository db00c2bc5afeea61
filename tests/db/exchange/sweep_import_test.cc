#include "db/exchange/sweep_import.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/complexity.h"
#include "core/rng.h"
#include "db/exchange/sweep_reader.h"
#include "db/series.h"
#include "db/sqlite/connection.h"
#include "tests/db/fixtures.h"
#include "tests/db/mutations.h"
#include "tests/support/temp_folder.h"

namespace dse::sweep_import_test {
namespace {

using Catch::Matchers::Contains;

// A network of 32 px for ten classes, `width` wide.
Json Config(int width, double lr = 0.1) {
  return {{"MODEL", {{"TYPE", "anynet"}, {"NUM_CLASSES", 10}}},
          {"ANYNET",
           {{"STEM_TYPE", "res_stem_cifar"},
            {"STEM_W", 16},
            {"DEPTHS", {1, 2}},
            {"WIDTHS", {width, 2 * width}},
            {"STRIDES", {1, 2}},
            {"BOT_MULS", {1.0, 1.0}},
            {"GROUP_WS", {8, 8}}}},
          {"OPTIM", {{"BASE_LR", lr}, {"WEIGHT_DECAY", 5e-5}, {"MAX_EPOCH", 3}}},
          {"TRAIN", {{"BATCH_SIZE", 128}, {"IM_SIZE", 32}}},
          {"RNG_SEED", 1}};
}

// A job whose test errors were these, of `epochs` epochs.
Json Job(const Json& config, const std::vector<double>& errors, int epochs = 3,
         const std::string& log = "logs/0/stdout.log") {
  Json test = {{"epoch_ind", Json::array()},
               {"epoch_max", Json::array()},
               {"top1_err", errors},
               {"min_top1_err", Json::array()},
               {"time_epoch", Json::array()}};
  Json train = {{"epoch_ind", Json::array()}, {"epoch_max", Json::array()},
                {"lr", Json::array()},        {"loss", Json::array()},
                {"top1_err", Json::array()},  {"time_epoch", Json::array()}};
  double lowest = 100;
  for (size_t i = 0; i < errors.size(); ++i) {
    lowest = std::min(lowest, errors[i]);
    for (Json* list : {&test, &train}) {
      (*list)["epoch_ind"].push_back(i + 1);
      (*list)["epoch_max"].push_back(epochs);
    }
    test["min_top1_err"].push_back(lowest);
    test["time_epoch"].push_back(0.5);
    train["lr"].push_back(0.1 / static_cast<double>(i + 1));
    train["loss"].push_back(2.0 - 0.25 * static_cast<double>(i));
    train["top1_err"].push_back(errors[i] + 1);
    train["time_epoch"].push_back(4.0);
  }
  return {{"cfg", config},      {"log_file", log},        {"err", ""},
          {"test_epoch", test}, {"test_ema_epoch", test}, {"train_epoch", train}};
}

SweepImport Parse(std::string text) { return ParseSweepImport(text, "sweep.json", "s"); }

std::string ParseMessage(const std::string& text) {
  return MessageOf([&] { Parse(text); });
}

struct File {
  ImportSummary Import(const Json& jobs) {
    return ImportRows(db, Parse(jobs.dump()).rows, "sweep.json");
  }
  TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
};

TEST_CASE("a job becomes a run with its network, errors, settings and learning curve") {
  File file;
  const ImportSummary summary = file.Import(Json::array({Job(Config(16), {60, 45.5, 50.25})}));
  CHECK(summary.members == 1);
  CHECK(summary.runs == 1);
  const MemberRecord member = LoadSeries(file.db, {}).at(0).members.at(0);
  REQUIRE(member.model);
  CHECK(member.model->frame.block == BlockType::kX);
  CHECK(member.model->frame.resolution == 32);
  CHECK(member.model->stages[1].width == 32);
  CHECK(member.lr == 0.1);
  CHECK(member.weight_decay == 5e-5);
  const RunRecord& run = member.runs.at(0);
  CHECK(run.state == RunState::kDone);
  CHECK(run.error == 50.25);  // of the last epoch
  CHECK(run.best_error == 45.5);
  CHECK(run.seconds == 13.5);  // three epochs of 4 s and tests of 0.5 s
  sqlite::Connection& connection = file.db.impl().connection;
  CHECK(connection.QueryText("SELECT group_concat(epoch || ' ' || lr || ' ' || train_loss || ' ' ||"
                             " train_error || ' ' || test_error || ' ' || seconds, '; ')"
                             " FROM curves WHERE epoch > 1") ==
        "2 0.05 1.75 46.5 45.5 4.5; 3 0.0333333333333333 1.5 51.25 50.25 4.5");
}

TEST_CASE("the learning rate is told per 128 images") {
  Json config = Config(16, 0.8);
  config["TRAIN"]["BATCH_SIZE"] = 1024;
  CHECK(Parse(Json::array({Job(config, {50})}).dump()).rows.at(0).properties.at("lr") == 0.1);
  config.erase("OPTIM");
  CHECK(Parse(Json::array({Job(config, {50})}).dump()).rows.at(0).properties.count("lr") == 0);
}

TEST_CASE("jobs that did not end are failed, with the reason, and may go on in a later file") {
  File file;
  Json untested = Job(Config(16), {});
  untested.erase("test_epoch");
  file.Import(Json::array({untested, Job(Config(24), {70, 60}), Job(Config(32), {50, 40, 30})}));
  sqlite::Connection& connection = file.db.impl().connection;
  CHECK(connection.QueryText("SELECT group_concat(state || ':' || coalesce(message, ''), '; ')"
                             " FROM runs") ==
        "failed:no epoch was tested; failed:trained for 2 of 3 epochs; done:");
  CHECK(connection.QueryInt("SELECT count(*) FROM curves") == 5);
  const ImportSummary later = file.Import(
      {Job(Config(16), {80}), Job(Config(24), {70, 60, 55}), Job(Config(32), {50, 40, 30})});
  CHECK(later.updated == 2);
  CHECK(later.known == 1);
  CHECK(later.runs == 0);
  CHECK(connection.QueryText("SELECT group_concat(state || ':' || coalesce(error, ''), '; ')"
                             " FROM (SELECT state, error FROM runs ORDER BY id)") ==
        "failed:; done:55.0; done:30.0");
  CHECK(connection.QueryInt("SELECT count(*) FROM curves") == 7);
  CHECK_THAT(MessageOf([&] {
               file.Import(Json::array({Job(Config(24), {70, 60, 54})}));
             }),
             Contains("sweep.json: job 1: contradicts what") && Contains("done, error 55"));
}

TEST_CASE("repeats of a sweep are told apart by their log files, wherever they come") {
  File file;
  const Json first = Job(Config(16), {60, 50, 51}, 3, "a/1/stdout.log");
  const Json second = Job(Config(16), {60, 50, 50}, 3, "a/2/stdout.log");
  const Json equal = Job(Config(16), {60, 50, 50}, 3, "b/1/stdout.log");
  CHECK(file.Import(Json::array({second})).runs == 1);
  const ImportSummary both = file.Import(Json::array({first, second}));
  CHECK(both.runs == 1);
  CHECK(both.known == 1);
  CHECK(file.Import(Json::array({equal})).runs == 1);
  CHECK(file.Import(Json::array({equal, second, first})).known == 3);
  CHECK(file.db.impl().connection.QueryText("SELECT group_concat(error) FROM results") ==
        "50.0,51.0,50.0");
  CHECK_THAT(MessageOf([&] {
               file.Import(Json::array({Job(Config(16), {1, 1, 1}, 3, "a/2/stdout.log")}));
             }),
             Contains("job 1: contradicts"));
  // Without unique log files the place tells.
  Json same = Json::array({Job(Config(24), {60, 50, 51}), Job(Config(24), {60, 50, 52})});
  CHECK(file.Import(same).runs == 2);
  CHECK(file.Import(same).known == 2);
}

TEST_CASE("jobs imported when their place told them apart are found by their log files") {
  File file;
  Json old = Json::array({Job(Config(16), {60, 50, 51}), Job(Config(16), {60, 50})});
  for (Json& job : old) job.erase("log_file");  // keys are then the older ones
  CHECK(file.Import(old).runs == 2);
  old[0]["log_file"] = "a/1/stdout.log";
  old[1] = Job(Config(16), {60, 50, 49}, 3, "a/2/stdout.log");  // went on
  const Json more = Job(Config(16), {60, 50, 40}, 3, "a/0/stdout.log");
  const ImportSummary found = file.Import(old);
  CHECK(found.known == 1);
  CHECK(found.updated == 1);
  const ImportSummary later = file.Import(Json::array({more, old[0], old[1]}));
  CHECK(later.runs == 1);
  CHECK(later.known == 2);
}

TEST_CASE("the seed of a job becomes the run's where it is free") {
  File file;
  Json jobs = Json::array({Job(Config(16), {1, 1, 1}, 3, "a"), Job(Config(16), {2, 2, 2}, 3, "b"),
                           Job(Config(16), {3, 3, 3}, 3, "c"), Job(Config(16), {4, 4, 4}, 3, "d")});
  jobs[0]["cfg"]["RNG_SEED"] = 7;
  jobs[1]["cfg"]["RNG_SEED"] = 9;
  jobs[2]["cfg"]["RNG_SEED"] = 7;
  jobs[3]["cfg"]["RNG_SEED"] = -1;
  CHECK(file.Import(jobs).runs == 4);
  CHECK(file.db.impl().connection.QueryText("SELECT group_concat(seed) FROM runs") == "7,9,0,3");
}

TEST_CASE("a loss that is not finite is a training that diverged") {
  std::string text = Json::array({Job(Config(16), {60, 90, 90})}).dump();
  const std::string loss = "\"loss\":[2.0,1.75,1.5]";
  REQUIRE(text.find(loss) != text.npos);
  text.replace(text.find(loss), loss.size(), "\"loss\":[2.0,NaN,-Infinity]");
  const SweepImport sweep = Parse(text);
  REQUIRE(sweep.rows.size() == 1);
  CHECK(sweep.rows[0].state == RunState::kDiverged);
  CHECK_FALSE(sweep.rows[0].error);
  CHECK(sweep.rows[0].best_error == 60.0);
  REQUIRE(sweep.rows[0].epochs.size() == 3);
  CHECK(sweep.rows[0].epochs[0].train_loss == 2.0);
  CHECK_FALSE(sweep.rows[0].epochs[1].train_loss);
  CHECK_FALSE(sweep.rows[0].epochs[2].train_loss);
}

TEST_CASE("what a text says of NaN is left alone") {
  Json job = Job(Config(16), {50, 50, 50});
  job["cfg"]["DESC"] = "NaN, \"Infinity\" \\";
  job["err"] = "loss: NaN";
  CHECK(Parse(Json::array({job}).dump()).rows.size() == 1);
}

TEST_CASE("a network that is none of ours keeps its numbers, told apart by its cfg") {
  File file;
  Json linear = Job(Config(16), {50, 50, 40});
  linear["cfg"]["ANYNET"]["BLOCK_TYPE"] = "res_bottleneck_linear_block";
  linear["complexity"] = {{"flops", 123}, {"params", 45}, {"acts", 6}};
  Json other = linear;
  other["cfg"]["ANYNET"]["WIDTHS"] = {32, 16};
  Json wrong = Job(Config(16), {50, 50, 41});
  wrong["complexity"] = {{"flops", 123}, {"params", 45}, {"acts", 6}};
  const SweepImport sweep = Parse(Json::array({linear, other, wrong}).dump());
  REQUIRE(sweep.without_model.size() == 3);
  CHECK_THAT(sweep.without_model[0], Contains("job 1: cfg.ANYNET") && Contains("BLOCK_TYPE"));
  CHECK_THAT(sweep.without_model[2],
             Contains("job 3: its cfg makes a network of") && Contains("params, not 45"));
  CHECK(ImportRows(file.db, sweep.rows, "sweep.json").members == 3);
  const MemberRecord member = LoadSeries(file.db, {}).at(0).members.at(0);
  CHECK_FALSE(member.model);
  CHECK(member.properties ==
        std::map<std::string, double>{{"acts", 6}, {"flops", 123}, {"params", 45}});
  CHECK(member.runs.at(0).error == 40.0);
  CHECK(member.lr == 0.1);
}

TEST_CASE("a network whose complexity agrees is taken") {
  const int64_t params =
      CountComplexity(*Parse(Json::array({Job(Config(16), {50})}).dump()).rows[0].model).params;
  Json job = Job(Config(16), {50});
  job["complexity"] = {{"flops", 1}, {"params", params}, {"acts", 2}};
  CHECK(Parse(Json::array({job}).dump()).without_model.empty());
}

TEST_CASE("an epoch that was begun twice counts as it ended") {
  Json job = Job(Config(16), {60, 50, 40, 30});
  for (const char* kind : {"test_epoch", "train_epoch"}) job[kind]["epoch_ind"] = {1, 2, 2, 3};
  const ImportRow row = Parse(Json::array({job}).dump()).rows.at(0);
  REQUIRE(row.epochs.size() == 3);
  CHECK(row.epochs[1].test_error == 40.0);
  CHECK(row.state == RunState::kDone);
}

TEST_CASE("a broken sweep is refused with its place or its job") {
  CHECK(ParseMessage("") == "sweep.json:1:1: the JSON document ends too early");
  CHECK(ParseMessage("[{},\n {]") == "sweep.json: job 1: has no object cfg");
  CHECK(ParseMessage("[\n ?") == "sweep.json:2:2: not valid JSON here");
  CHECK(ParseMessage("[NaN") == "sweep.json: job 1: it is no object");
  CHECK(ParseMessage("{}") == "sweep.json: it is no list of jobs, as pycls' sweep.json is");
  CHECK(ParseMessage("7") == "sweep.json: it is no list of jobs, as pycls' sweep.json is");
  CHECK(ParseMessage("[]") == "");
  CHECK(ParseMessage("[] x") == "sweep.json:1:4: not valid JSON here");
  const std::string good = Job(Config(16), {50}).dump();
  CHECK(ParseMessage("[" + good + ", 3]") == "sweep.json: job 2: it is no object");
  CHECK(ParseMessage("[" + good + ", []]") == "sweep.json: job 2: it is no object");
  CHECK(ParseMessage("[" + good + R"(, {"cfg":{"a":1,"a":2}}])") ==
        "sweep.json: job 2: the key 'a' appears twice");
  CHECK(ParseMessage("[" + good + ", " + good.substr(0, good.size() / 2)) ==
        "sweep.json:1:" + std::to_string(1 + good.size() + 2 + good.size() / 2 + 1) +
            ": the JSON document ends too early");
  CHECK(ParseMessage("[{\"cfg\":" + std::string(100, '[')) ==
        "sweep.json: job 1: it is nested too deeply");
  CHECK(ParseMessage("[{\"iter_times\":" + std::string(100'000, '[')) ==
        "sweep.json: job 1: it is nested too deeply");
}

// The message about a job after `change`.
std::string MessageAfter(const std::function<void(Json&)>& change) {
  Json job = Job(Config(16), {60, 50, 40});
  change(job);
  return ParseMessage(Json::array({job}).dump());
}

TEST_CASE("a job with impossible records is refused with their name") {
  CHECK(MessageAfter([](Json& job) { job["test_epoch"] = 3; }) ==
        "sweep.json: job 1: test_epoch must be an object of lists");
  CHECK(MessageAfter([](Json& job) { job["test_epoch"].erase("epoch_ind"); }) ==
        "sweep.json: job 1: test_epoch has no list epoch_ind");
  CHECK(MessageAfter([](Json& job) {
          job["test_epoch"]["top1_err"] = {1, 2};
        }) == "sweep.json: job 1: test_epoch must have a list top1_err as long as epoch_ind");
  CHECK(MessageAfter([](Json& job) { job["test_epoch"]["top1_err"][1] = 101; }) ==
        "sweep.json: job 1: test_epoch.top1_err is 101 in entry 2, outside 0..100");
  CHECK(MessageAfter([](Json& job) { job["test_epoch"]["epoch_ind"][2] = 2.5; }) ==
        "sweep.json: job 1: test_epoch.epoch_ind must hold whole numbers from 1, not 2.5");
  CHECK(MessageAfter([](Json& job) { job["train_epoch"]["lr"][0] = "x"; }) ==
        "sweep.json: job 1: train_epoch.lr must hold numbers");
  CHECK(MessageAfter([](Json& job) { job["train_epoch"]["time_epoch"][2] = 9e299; }) ==
        "sweep.json: job 1: train_epoch.time_epoch is 9e+299 in entry 3, outside 0..1e+200");
  CHECK(MessageAfter([](Json& job) {
          job["dse"] = {{"member_key", "x"}};
        }) == "sweep.json: job 1: dse.member_key must be 16 hexadecimal digits");
  CHECK(MessageAfter([](Json& job) { job["cfg"]["TRAIN"]["BATCH_SIZE"] = 0; }) ==
        "sweep.json: job 1: cfg.TRAIN.BATCH_SIZE must be above 0");
}

TEST_CASE("rates that nothing can be trained with are refused with their job") {
  File file;
  for (const char* name : {"BASE_LR", "WEIGHT_DECAY"}) {
    Json job = Job(Config(16), {50, 50, 50});
    job["cfg"]["OPTIM"][name] = 1e308;  // times 128 / 64 the rate is not finite
    job["cfg"]["TRAIN"]["BATCH_SIZE"] = 64;
    const std::string word = std::string(name) == "BASE_LR" ? "lr" : "weight_decay";
    CHECK(MessageOf([&] { file.Import(Json::array({job})); }) ==
          "sweep.json: job 1: " + word +
              (word == "lr" ? " must be from 1e-09 to 1000, not inf"
                            : " must be from 0 to 1, not 1e+308"));
  }
}

TEST_CASE("nothing of a sweep is imported when a later job contradicts") {
  File file;
  file.Import(Json::array({Job(Config(24), {50, 50, 50})}));
  CHECK(MessageOf([&] {
          file.Import(Json::array({Job(Config(16), {1, 1, 1}), Job(Config(24), {50, 50, 51})}));
        }) != "");
  CHECK(file.db.impl().connection.QueryInt("SELECT count(*) FROM runs") == 1);
  CHECK(file.db.impl().connection.QueryInt("SELECT count(*) FROM models") == 1);
}

TEST_CASE("a job larger than any training's record is refused before it fills the memory") {
  std::string text = R"([{"cfg":{"a":[0)";
  for (int64_t i = 0; i < kMaxJobValues; ++i) text += ",0";
  CHECK(ParseMessage(text + "]}}]") ==
        "sweep.json: job 1: it is too large to be a training's record");
  // What is not kept may be of any size: the whole output of a job is in the file.
  Json job = Job(Config(16), {50});
  job["err"] = std::string(size_t{2} * kMaxJobTextBytes, 'x');
  CHECK(Parse(Json::array({job}).dump()).rows.size() == 1);
}

TEST_CASE("mutations of a valid sweep are imported or refused with an error") {
  Json regnet = Job(Config(16), {50, 40, 30});
  regnet["cfg"]["MODEL"]["TYPE"] = "regnet";
  regnet["cfg"]["REGNET"] = {{"DEPTH", 8}, {"W0", 16}, {"WA", 8.5}, {"WM", 2.5}, {"GROUP_W", 8}};
  Json mobile = Job(Config(16), {50, 40});
  mobile["cfg"]["MODEL"]["TYPE"] = "effnet";
  mobile["cfg"]["EN"] = {{"DEPTHS", {1}},  {"WIDTHS", {16}}, {"EXP_RATIOS", {6}},
                         {"STRIDES", {2}}, {"KERNELS", {3}}, {"HEAD_W", 64}};
  Json own = Job(Config(16), {50, 40, 30});
  own["dse"] = {{"state", "done"}, {"lr", 0.1}, {"model", {{"depths", {1}}, {"widths", {16}}}}};
  const std::string text = Json::array({regnet, mobile, own}).dump();
  REQUIRE(Parse(text).rows.size() == 3);
  File file;
  int imported = 0;
  int refused = 0;
  for (uint64_t i = 0; i < 6'000; ++i) {
    RandomStream random(23, i);
    std::string mutated = Mutated(text, random);
    INFO(mutated);
    try {
      SweepImport sweep = ParseSweepImport(mutated, "sweep.json", "s");
      // Populations of their own, so that none contradicts another; they take longer.
      if (i % 20 == 0) {
        for (ImportRow& row : sweep.rows) row.population = "s" + std::to_string(i);
        ImportRows(file.db, sweep.rows, "sweep.json");
      }
      ++imported;
    } catch (const Error& error) {
      CHECK_THAT(error.what(), Catch::StartsWith("sweep.json:"));
      ++refused;
    }
  }
  CHECK(imported > 500);
  CHECK(refused > 500);
}

}  // namespace
}  // namespace dse::sweep_import_test
