#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/json.h"
#include "runner/data/dataset.h"
#include "runner/training/safetensors.h"
#include "tests/cli/program.h"
#include "tests/runner/data/images/jpeg_writer.h"

namespace dse::eval_test {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using Names = std::vector<std::string>;

constexpr int kPerClass = 30;
constexpr int kColours[4][3] = {{200, 40, 40}, {40, 200, 40}, {40, 40, 200}, {200, 200, 40}};

const char* kModel =
    R"({"type":"anynet","block":"X","stem":"cifar","stem_width":8,"resolution":16,"classes":4,)"
    R"("depths":[1,1],"widths":[16,24],"strides":[1,2],"bottleneck":1,"group_widths":8})";

// A split whose i-th class has the i-th colour; every sixth image has the next one's, so that a
// network answers it wrongly.
void WriteSplit(const TempFolder& folder, const std::string& split, const Names& names,
                bool misleading) {
  for (size_t k = 0; k < names.size(); ++k) {
    for (int i = 0; i < kPerClass; ++i) {
      if (names[k].empty()) continue;
      const int* colour = kColours[misleading && i % 6 == 5 ? (k + 1) % 4 : k];
      const int shade = i % 10;
      folder.Write(
          split + "/" + names[k] + "/" + std::to_string(100 + i) + ".jpg",
          EncodeRgb(Plain(16, 16, colour[0] + shade, colour[1] + shade, colour[2] + shade)));
    }
  }
}

// A network trained on four classes with its weights kept; 5 of 30 images of each class mislead.
class Trained {
 public:
  explicit Trained(const Names& names) {
    WriteSplit(images_, "train", names, false);
    WriteSplit(images_, "val", names, true);
    REQUIRE(Dse({"add", "--db", db(), "--population", "p", folder_.Write("m.json", kModel), "-q"})
                .code == 0);
    const ProcessResult train = Dse({"train", "--db", db(), "--data", "folder:" + images_.path(),
                                     "--device", "cpu", "--threads", "1", "--keep-weights", "--set",
                                     "epochs=6", "batch_size=8", "lr=0.2", "precise_bn_images=64"});
    INFO(train.err);
    REQUIRE(train.code == 0);
    told_ = train.err;
    REQUIRE(Query(db(), "SELECT printf('%.4f', error) FROM runs") == "16.6667");
  }

  std::string db() const { return folder_ / "t.db"; }
  const TempFolder& images() const { return images_; }
  const std::string& told() const { return told_; }
  std::string weights() const { return fs::directory_iterator(db() + ".d/weights")->path(); }

  ProcessResult Eval(const std::string& folder, const Words& more = {}) const {
    Words words = {"eval",     "--db", db(),        "--data", "folder:" + folder,
                   "--device", "cpu",  "--threads", "1"};
    words.insert(words.end(), more.begin(), more.end());
    return Dse(words);
  }

  // The newest test, such as "16.667 val 4 120".
  std::string Newest() const {
    return Query(db(),
                 "SELECT printf('%.3f %s %d %d', error, split, classes, images) FROM evaluations"
                 " ORDER BY evaluated_at DESC, dataset_id DESC");
  }
  std::string CountTests() const { return Query(db(), "SELECT count(*) FROM evaluations"); }

  // Makes the weights what a version without class names would have kept.
  void ForgetClasses() const {
    TensorFile file = ReadSafetensors(weights(), Checksum::kRequired);
    REQUIRE(file.metadata.erase("classes") == 1);
    WriteSafetensors(weights(), file);
  }

 private:
  TempFolder folder_;
  TempFolder images_;
  std::string told_;
};

const Names kNames{"ant", "bee", "cow", "dog"};

}  // namespace

TEST_CASE("weights are tested on images that have no training folder beside them", "[cli][eval]") {
  const Trained trained(kNames);
  const std::string& all = trained.images().path();
  const ProcessResult whole = trained.Eval(all);
  INFO(whole.err);
  REQUIRE(whole.code == 0);
  CHECK_THAT(whole.out,
             Contains("folder:" + all + ", val: 4 classes, 120 images; tested over 4 classes"));
  CHECK(trained.Newest() == "16.667 val 4 120");
  CHECK(trained.Eval(all, {"--split", "train"}).code == 0);
  CHECK(trained.Newest() == "0.000 train 4 120");
  CHECK(trained.Eval(all, {"--split", "test"}).code == 1);
  CHECK(trained.Eval(all, {"--split", "tset"}).code == 2);

  fs::remove_all(all + "/train");
  CHECK(trained.Eval(all, {"--again"}).code == 0);
  CHECK(trained.Newest() == "16.667 val 4 120");
  CHECK(trained.CountTests() == "2");
  const ProcessResult itself = trained.Eval(all + "/val", {"--again"});
  INFO(itself.err);
  CHECK(itself.code == 0);
  CHECK(trained.Newest() == "16.667 test 4 120");
  CHECK(trained.CountTests() == "2");  // the same images
}

TEST_CASE("classes are matched by name, and other names are an error that says what to do",
          "[cli][eval]") {
  const Trained trained(kNames);
  const TempFolder numbered, renamed, other;
  WriteSplit(numbered, "val", {"0", "1", "2", "3"}, true);
  const ProcessResult refused = trained.Eval(numbered.path());
  CHECK(refused.code == 1);
  CHECK_THAT(refused.err, Contains("has the class '0', which the network of run 1 has not"));
  CHECK_THAT(refused.err, Contains("that is not there is 'ant'"));
  CHECK_THAT(refused.err, Contains("--class-map FILE") && Contains("--classes-by-order"));
  CHECK(trained.CountTests() == "0");
  CHECK(trained.Eval(numbered.path(), {"--classes-by-order"}).code == 0);
  CHECK(trained.Newest() == "16.667 val 4 120");

  // Names that sort the other way round, told by a file.
  WriteSplit(renamed, "val", {"z", "y", "x", "w"}, true);
  const std::string right = renamed.Write("map.csv", "w,dog\nx,cow\ny,bee\nz,ant\n");
  CHECK(trained.Eval(renamed.path(), {"--class-map", right}).code == 0);
  CHECK(trained.Newest() == "16.667 val 4 120");
  // Another file is another test: nothing stored stands for it.
  const std::string wrong = renamed.Write("wrong.csv", "w,ant\nx,bee\ny,cow\nz,dog\n");
  CHECK(trained.Eval(renamed.path(), {"--class-map", wrong}).code == 0);
  CHECK(trained.CountTests() == "3");
  CHECK(trained.Newest() != "16.667 val 4 120");
  CHECK(Query(trained.db(), "SELECT count(DISTINCT naming) FROM evaluated") == "3");
  CHECK(Query(trained.db(),
              "SELECT min(tested_error) FROM evaluated WHERE naming = 'by order'"
              " OR naming LIKE '" +
                  right + " (%)'")
            .substr(0, 6) == "16.666");
  const ProcessResult both =
      trained.Eval(renamed.path(), {"--class-map", right, "--classes-by-order"});
  CHECK(both.code == 2);
  const std::string unknown = renamed.Write("unknown.csv", "z,ant\ny,bees\n");
  CHECK_THAT(trained.Eval(renamed.path(), {"--class-map", unknown}).err,
             Contains("unknown.csv: line 2: the network of run 1 has no class 'bees', did you mean "
                      "'bee'?"));

  WriteSplit(other, "val", {"Ant", "Bee", "Cow", "Dog"}, true);
  const ProcessResult upper = trained.Eval(other.path());
  CHECK(upper.code == 1);
  CHECK_THAT(upper.err, Contains("'Ant'") && Contains("did you mean 'ant'?"));
}

TEST_CASE("data with some of the classes are tested over these and say so", "[cli][eval]") {
  const Trained trained(kNames);
  const TempFolder some;
  WriteSplit(some, "test", {"", "bee", "", "dog"}, true);
  const ProcessResult result = trained.Eval(some.path());
  INFO(result.err);
  REQUIRE(result.code == 0);
  CHECK_THAT(result.out, Contains("test: 2 classes, 60 images; tested over 2 of 4 classes"));
  CHECK_THAT(trained.Newest(), Catch::EndsWith("test 2 60"));
  // A bee that looks like a cow must be called one of the two: at most the misleading ones fail.
  CHECK(Query(trained.db(), "SELECT tested_error <= 16.7 FROM evaluated") == "1");
}

TEST_CASE("an unlabelled test folder beside val is passed over, in training and in tests",
          "[cli][eval]") {
  const Trained trained(kNames);
  CHECK(trained.told().find("passed over") == std::string::npos);
  trained.images().Write("test/images/1.JPEG", EncodeRgb(Plain(16, 16, 1, 2, 3)));
  const std::string said = "testing on val/; test/ is passed over: it has other classes ('images')";
  const ProcessResult tested = trained.Eval(trained.images().path());
  CHECK(tested.code == 0);
  CHECK_THAT(tested.err, Contains(said));
  CHECK(trained.Newest() == "16.667 val 4 120");
  const ProcessResult train = Dse(
      {"train", "--db", trained.db(), "--data", "folder:" + trained.images().path(), "--dry-run"});
  CHECK(train.code == 0);
  CHECK_THAT(train.err, Contains(said));
}

TEST_CASE("a damaged test image is named and left out of a test", "[cli][eval]") {
  const Trained trained(kNames);
  trained.images().Write("val/cow/999.jpg", "no image");
  const ProcessResult result = trained.Eval(trained.images().path());
  CHECK(result.code == 0);
  CHECK_THAT(result.err, Contains("1 corrupt images are left out") && Contains("val/cow/999.jpg"));
  CHECK(trained.Newest() == "16.667 val 4 120");
}

TEST_CASE("weights without class names are tested on the data they were trained on alone",
          "[cli][eval]") {
  const Trained trained(kNames);
  trained.ForgetClasses();
  CHECK(trained.Eval(trained.images().path()).code == 0);
  CHECK(trained.Newest() == "16.667 val 4 120");
  const TempFolder other;
  WriteSplit(other, "val", {"ants", "bees", "cows", "dogs"}, true);
  const ProcessResult refused = trained.Eval(other.path());
  CHECK(refused.code == 1);
  CHECK_THAT(refused.err, Contains("carry no class names") && Contains("--classes-by-order"));
  CHECK(trained.Eval(other.path(), {"--classes-by-order"}).code == 0);
  CHECK(trained.Newest() == "16.667 val 4 120");
}

// A version that kept no names had the outputs of numbered folders in the order of bytes.
TEST_CASE("older weights of numbered folders answer in the order of bytes", "[cli][eval]") {
  const Trained trained({"w0", "w1", "w10", "w2"});
  trained.ForgetClasses();
  const TempFolder numbered;
  for (const char* split : {"train", "val"}) {
    WriteSplit(numbered, split, {"0", "1", "10", "2"}, split == std::string("val"));
  }
  const DatasetInfo info = OpenDataset("folder:" + numbered.path(), 1)->info();
  CHECK(info.class_names == Names{"0", "1", "2", "10"});
  Query(trained.db(), "UPDATE datasets SET fingerprint = '" +
                          (info.old_fingerprint.empty() ? info.fingerprint : info.old_fingerprint) +
                          "' RETURNING 1");
  const ProcessResult tested = trained.Eval(numbered.path());
  INFO(tested.err);
  CHECK(tested.code == 0);
  CHECK(trained.Newest() == "16.667 val 4 120");
}

TEST_CASE("kept weights say what they are and what differs elsewhere", "[cli][eval]") {
  const Trained trained(kNames);
  // The network's strides are no RegNet's of torchvision.
  CHECK_THAT(trained.told(), Contains("kept weights of ") &&
                                 Contains("torchvision's RegNet has other strides") &&
                                 Contains("net.get_submodule(n)"));
  const auto metadata = ReadSafetensorsMetadata(trained.weights());
  CHECK(metadata.at("classes") == R"(["ant","bee","cow","dog"])");
  CHECK(metadata.at("data") == "folder:" + trained.images().path());
  CHECK(metadata.at("activation") == "relu");
  CHECK(metadata.at("batch_norm_epsilon") == "1e-05");
  CHECK_THAT(metadata.at("after_loading"), Contains("'stem.0': 1"));
  const Json preprocessing = ParseJson(metadata.at("preprocessing"), "metadata");
  CHECK(preprocessing.at("resolution") == 16);
  CHECK(preprocessing.at("short_side") == 16);
  CHECK(preprocessing.at("mean").size() == 3);
  CHECK(ParseJson(metadata.at("recipe"), "metadata").at("epochs") == 6);
  CHECK(ParseJson(metadata.at("model"), "metadata").at("classes") == 4);
  CHECK(metadata.contains("dse_version"));
}

}  // namespace dse::eval_test
