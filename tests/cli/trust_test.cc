#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "core/rng.h"
#include "tests/cli/program.h"
#include "tests/runner/data/images/jpeg_writer.h"

// One small study, and everything around it that once gave it the numbers of other images.

namespace dse::trust_test {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;

constexpr int kClasses = 12;
constexpr int kSide = 32;

// "n0000" .. "n0011"
std::string ClassName(int label) {
  std::string digits = std::to_string(label);
  return "n" + std::string(4 - digits.size(), '0') + digits;
}

// A noisy square in the colour of its class; inverted it has a colour that no class has.
Image Square(int label, int number, bool inverted) {
  RandomStream random(static_cast<uint64_t>(label), static_cast<uint64_t>(number));
  const int color[] = {20 * label, 255 - 20 * label, 90 * label % 255};
  Image image{kSide, kSide, {}};
  for (int i = 0; i < kSide * kSide * 3; ++i) {
    const int noise = static_cast<int>(random.Below(51)) - 25;
    const int value = std::clamp(color[i % 3] + noise, 0, 255);
    image.pixels.push_back(static_cast<uint8_t>(inverted ? 255 - value : value));
  }
  return image;
}

struct SetOptions {
  bool inverted = false;  // the test images
  bool numbered = false;  // the class folders are 0 .. 11
  int train = 20;         // images of a class
};

void WriteSet(const TempFolder& folder, const std::string& name, const SetOptions& options) {
  for (int label = 0; label < kClasses; ++label) {
    const std::string own = options.numbered ? std::to_string(label) : ClassName(label);
    for (int i = 0; i < options.train; ++i) {
      folder.Write(name + "/train/" + own + "/" + std::to_string(100 + i) + ".jpg",
                   EncodeRgb(Square(label, i, false)));
    }
    for (int i = 0; i < 10; ++i) {
      folder.Write(name + "/val/" + own + "/" + std::to_string(100 + i) + ".jpg",
                   EncodeRgb(Square(label, 1000 + i, options.inverted)));
    }
  }
}

// A folder of images with a network trained on `clean`, its weights kept.
class Study {
 public:
  Study() : db_(folder_ / "a.db") {
    WriteSet(folder_, "clean", {});
    const std::string model = folder_.Write(
        "m.json", R"({"type":"anynet","stem":"cifar","resolution":32,"classes":12,"depths":[1,1],)"
                  R"("widths":[16,32],"group_widths":16})");
    REQUIRE(Dse({"add", "--db", db_, "--population", "p", model, "-q"}).code == 0);
    const ProcessResult trained = Train("clean", {"--keep-weights"});
    INFO(trained.err);
    REQUIRE(trained.code == 0);
  }

  std::string Uri(const std::string& set) const { return "folder:" + folder_ / set; }

  ProcessResult Train(const std::string& set, const Words& more) const {
    Words words = {"train",
                   "--db",
                   db_,
                   "--data",
                   Uri(set),
                   "--device",
                   "cpu",
                   "--threads",
                   "1",
                   "--set",
                   "epochs=4",
                   "batch_size=20",
                   "augment=none",
                   "precise_bn_images=200"};
    words.insert(words.end(), more.begin(), more.end());
    return Dse(words);
  }

  ProcessResult Eval(const std::string& set, const Words& more = {}) const {
    Words words = {"eval", "--db", db_, "--data", Uri(set), "--device", "cpu", "--threads", "1"};
    words.insert(words.end(), more.begin(), more.end());
    return Dse(words);
  }

  // Of the test on a set, through the file's public view.
  double TestedError(const std::string& set) const {
    return std::stod(
        Query(db_, "SELECT tested_error FROM evaluated WHERE tested_on = '" + Uri(set) + "'"));
  }
  std::string Count(const std::string& what) const {
    return Query(db_, "SELECT count(*) FROM " + what);
  }

  const TempFolder& folder() const { return folder_; }
  const std::string& db() const { return db_; }

 private:
  TempFolder folder_;
  std::string db_;
};

}  // namespace

TEST_CASE("every number of a study is of the images it is said to be of",
          "[cli][trust][trains-long]") {
  const Study study;
  const double trained = std::stod(Query(study.db(), "SELECT error FROM results"));
  REQUIRE(trained < 50);

  // Equal names and counts, other test images.
  WriteSet(study.folder(), "inverted", {.inverted = true});
  REQUIRE(study.Eval("clean").code == 0);
  REQUIRE(study.Eval("inverted").code == 0);
  CHECK(study.TestedError("clean") == Approx(trained));
  CHECK(study.TestedError("inverted") > 70);
  CHECK(study.Count("evaluated") == "2");
  const ProcessResult other = study.Train("inverted", {});
  CHECK_THAT(other.err, Contains("1 runs: 1 done; 1 by this call"));
  CHECK(study.Count("runs") == "2");

  // Other names of as many classes.
  WriteSet(study.folder(), "numbered", {.numbered = true});
  const ProcessResult numbered = study.Eval("numbered");
  CHECK(numbered.code == 1);
  CHECK_THAT(numbered.err, Contains("n0000") && Contains("--classes-by-order"));
  CHECK(study.Count("evaluated") == "2");
  // In the order of the numbers, which is not that of their digits, they are the same images.
  REQUIRE(study.Eval("numbered", {"--classes-by-order"}).code == 0);
  CHECK(study.TestedError("numbered") == Approx(trained));
}

TEST_CASE("images to test on are tested, whatever lies beside them", "[cli][trust][trains-long]") {
  const Study study;
  const double trained = std::stod(Query(study.db(), "SELECT error FROM results"));
  const fs::path root = study.folder().path();

  WriteSet(study.folder(), "few", {.train = 1});
  REQUIRE(study.Eval("few").code == 0);
  CHECK(study.TestedError("few") == Approx(trained));
  fs::remove_all(root / "few" / "train");
  REQUIRE(study.Eval("few", {"--again"}).code == 0);
  CHECK(study.TestedError("few") == Approx(trained));

  // Behind the end of an image lies what a telephone put there.
  fs::copy(root / "clean", root / "padded", fs::copy_options::recursive);
  for (const auto& entry : fs::recursive_directory_iterator(root / "padded")) {
    if (entry.is_regular_file()) fs::resize_file(entry.path(), entry.file_size() + 20'000);
  }
  REQUIRE(study.Eval("padded").code == 0);
  CHECK(study.TestedError("padded") == Approx(trained));

  // Images without labels beside those with labels: the same test as of `clean`.
  REQUIRE(study.Eval("clean").code == 0);
  fs::copy(root / "clean", root / "unlabelled", fs::copy_options::recursive);
  study.folder().Write("unlabelled/test/images/1.JPEG", EncodeRgb(Square(0, 0, false)));
  const ProcessResult unlabelled = study.Eval("unlabelled");
  CHECK(unlabelled.code == 0);
  CHECK_THAT(unlabelled.out, Contains("unlabelled, val: 12 classes, 120 images"));
  CHECK_THAT(unlabelled.err, Contains("testing on val/; test/ is passed over"));
  CHECK(study.Count("evaluated WHERE tested_on = '" + study.Uri("unlabelled") + "'") == "0");

  // One that does not decode is left out by name.
  fs::copy(root / "clean", root / "damaged", fs::copy_options::recursive);
  const fs::path cut = root / "damaged" / "val" / ClassName(1) / "100.jpg";
  fs::resize_file(cut, 300);
  const ProcessResult damaged = study.Eval("damaged");
  CHECK(damaged.code == 0);
  CHECK_THAT(damaged.err, Contains(cut));
  CHECK(Query(study.db(), "SELECT images FROM evaluated WHERE tested_on = '" +
                              study.Uri("damaged") + "'") == "119");
}

}  // namespace dse::trust_test
