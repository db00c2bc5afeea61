#include <signal.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/cli/program.h"
#include "tests/runner/data/images/jpeg_writer.h"
#include "tests/support/eventually.h"

namespace dse::data_identity_test {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;

// A folder of the classes dark and light, with the test images of one under the name of the other
// where they are exchanged: every answer that was right is wrong.
std::string WriteShades(const TempFolder& folder, const std::string& name, bool exchanged) {
  for (int i = 0; i < 8; ++i) {
    const std::string file = "/" + std::to_string(i) + ".jpg";
    folder.Write(name + "/train/dark" + file, EncodeGray(32, 32, 40 + i));
    folder.Write(name + "/train/light" + file, EncodeGray(32, 32, 200 + i));
    folder.Write(name + "/test/" + (exchanged ? "light" : "dark") + file,
                 EncodeGray(32, 32, 60 + i));
    folder.Write(name + "/test/" + (exchanged ? "dark" : "light") + file,
                 EncodeGray(32, 32, 180 + i));
  }
  return "folder:" + folder.path() + "/" + name;
}

std::string OneNetwork(const TempFolder& folder) {
  const std::string model = folder.Write(
      "m.json", R"({"type":"anynet","block":"X","stem":"cifar","resolution":32,"classes":2,)"
                R"("depths":[1,1],"widths":[8,16],"group_widths":8})");
  std::string db = folder / "a.db";
  REQUIRE(Dse({"add", "--db", db, "--population", "p", model, "-q"}).code == 0);
  return db;
}

Words TrainWords(const std::string& db, const std::string& data, const std::string& epochs) {
  return {"train",
          "--db",
          db,
          "--data",
          data,
          "--set",
          epochs,
          "batch_size=8",
          "precise_bn_images=0",
          "augment=none",
          "--device",
          "cpu",
          "--threads",
          "1",
          "--keep-weights"};
}

// Whether a file with this ending is in the folder, which need not be there yet.
bool Holds(const std::string& folder, const std::string& ending) {
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, none)) {
    if (entry.path().string().ends_with(ending)) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("other images under the same names are tested and trained on as another dataset",
          "[cli][train][eval]") {
  const TempFolder folder;
  const std::string clean = WriteShades(folder, "clean", false);
  const std::string exchanged = WriteShades(folder, "exchanged", true);
  const std::string db = OneNetwork(folder);
  const ProcessResult train = Dse(TrainWords(db, clean, "epochs=2"));
  INFO(train.err);
  REQUIRE(train.code == 0);
  REQUIRE(Dse({"eval", "--db", db, "--data", clean, "-q"}).code == 0);
  REQUIRE(Dse({"eval", "--db", db, "--data", exchanged, "-q"}).code == 0);
  CHECK(Query(db, "SELECT group_concat(tested_on, ' ') FROM evaluated") == clean + " " + exchanged);
  CHECK(Query(db, "SELECT sum(tested_error) FROM evaluated") == "100.0");
  const ProcessResult other = Dse(TrainWords(db, exchanged, "epochs=2"));
  CHECK_THAT(other.err, Contains("1 runs: 1 done; 1 by this call"));
  CHECK(Query(db, "SELECT group_concat(data_uri, ' ') FROM runs") == clean + " " + exchanged);
  CHECK_THAT(Dse({"runs", "show", "--db", db, "--run", "2"}).out,
             Contains("\n  images of " + exchanged + "\n"));
  CHECK_THAT(Dse(TrainWords(db, clean, "epochs=2")).err, Contains("1 done; 0 by this call"));
}

TEST_CASE("an interrupted run does not go on with other images", "[cli][train]") {
  const TempFolder folder;
  const std::string clean = WriteShades(folder, "clean", false);
  const std::string exchanged = WriteShades(folder, "exchanged", true);
  const std::string db = OneNetwork(folder);
  Words words = TrainWords(db, clean, "epochs=10000");
  words.insert(words.begin(), DSE_PROGRAM);
  {
    BackgroundProcess training(words);
    REQUIRE(Eventually([&] { return Holds(db + ".d/checkpoints", ".safetensors"); }));
    training.Signal(SIGINT);
    CHECK(training.Wait() == 130);
  }
  Words planning = TrainWords(db, exchanged, "epochs=10000");
  planning.insert(planning.end(), {"--limit", "0"});
  CHECK_THAT(Dse(planning).err, Contains("1 pending; 0 by this call"));
  CHECK(Query(db, "SELECT count(*) || ' ' || count(DISTINCT key) FROM runs") == "2 2");
  CHECK(Query(db,
              "SELECT count(*) FROM epochs e JOIN runs r ON r.id = e.run_id"
              " JOIN datasets d ON d.id = r.dataset_id WHERE d.uri = '" +
                  exchanged + "'") == "0");
}

TEST_CASE("a study of before is recognised, said so once, and nothing trains again",
          "[cli][train]") {
  const TempFolder folder;
  const std::string db = folder / "v2.db";
  fs::copy_file(DSE_TEST_DATA "/results-v2.db", db);
  for (const char* name : {"cat", "dog"}) {  // as tests/data/make_results_v2.py
    for (int i = 0; i < 8; ++i) {
      const std::string file = std::string(name) + "/" + std::to_string(i) + ".jpg";
      folder.Write("images/train/" + file, EncodeGray(32, 32, 10 * i));
      if (i < 2) folder.Write("images/test/" + file, EncodeGray(32, 32, 10 * i));
    }
  }
  const std::string data = "folder:" + folder.path() + "/images";
  Words words = {"train",    "--db",  db,      "--data",   data,
                 "--recipe", "smoke", "--set", "epochs=1", "batch_size=8"};
  Words counting = words;
  counting.push_back("--dry-run");
  words.insert(words.end(), {"--limit", "0"});
  const ProcessResult first = Dse(words);
  CHECK_THAT(first.err, Contains("the runs on folder:images are of before fingerprints covered "
                                 "contents; they are taken for runs on the images now in " +
                                 data + " (3 runs)"));
  CHECK_THAT(first.err, Contains("3 runs: 2 done, 1 pending; 0 by this call"));
  const ProcessResult second = Dse(words);
  CHECK_THAT(second.err, !Contains("taken for") && Contains("2 done, 1 pending"));
  CHECK_THAT(Dse(counting).out, Contains("3 runs wanted, 2 finished, 1 missing"));
}

TEST_CASE("a study opened by a symbolic link keeps its files beside the database",
          "[cli][train][eval]") {
  const TempFolder folder;
  const std::string data = WriteShades(folder, "clean", false);
  const std::string db = OneNetwork(folder);
  folder.Write("links/note", "");
  const std::string link = folder / "links/b.db";
  fs::create_symlink(db, link);
  REQUIRE(Dse(TrainWords(link, data, "epochs=1")).code == 0);
  CHECK_FALSE(fs::exists(link + ".d"));
  CHECK_FALSE(fs::is_empty(db + ".d/weights"));
  CHECK(Dse({"eval", "--db", link, "--data", data, "-q"}).code == 0);
  CHECK(Dse({"eval", "--db", db, "--data", data, "--again", "-q"}).code == 0);
}

}  // namespace dse::data_identity_test
