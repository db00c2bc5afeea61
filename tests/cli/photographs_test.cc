#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "runner/data/images/image_file.h"
#include "tests/cli/program.h"
#include "tests/runner/data/images/jpeg_writer.h"
#include "tests/support/skipped.h"

namespace dse::photographs_test {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A photograph in inks: cyan, magenta, yellow and no black, inverted as Adobe stores them.
std::string AsCmyk(const fs::path& path) {
  const Image image = DecodeImageFile(path).image;
  std::vector<uint8_t> inks;
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    inks.insert(inks.end(), image.pixels.begin() + static_cast<long>(i),
                image.pixels.begin() + static_cast<long>(i) + 3);
    inks.push_back(255);
  }
  return EncodeAs({4}, image.height, image.width, inks);
}

// Photographs in two classes, the same for training and testing: 250 files, some in CMYK.
int FillClasses(const TempFolder& folder, const std::string& photographs) {
  int count = 0;
  for (const auto& entry : fs::directory_iterator(photographs)) {
    if (entry.path().extension() != ".JPEG") continue;
    const std::string name = entry.path().filename();
    for (const std::string split : {"train", "val"}) {
      const std::string path = folder / (split + (name < "n02" ? "/a/" : "/b/") + name);
      fs::create_directories(fs::path(path).parent_path());
      if (count % 25 == 3) {
        std::ofstream(path, std::ios::binary) << AsCmyk(entry.path());
      } else {
        fs::create_symlink(entry.path(), path);
      }
      ++count;
    }
  }
  return count;
}

}  // namespace

TEST_CASE("photographs train at 224 px from a folder and from its pack",
          "[cli][photographs][trains-long]") {
  const std::string photographs = FolderFrom("DSE_IMAGENET_SAMPLE_DIR");
  if (photographs.empty()) return;
  const TempFolder folder;
  const TempFolder images;
  REQUIRE(FillClasses(images, photographs) == 250);
  const std::string whole = ReadFile(fs::directory_iterator(photographs)->path());
  images.Write("train/a/short.jpg", whole.substr(0, whole.size() / 2));
  images.Write("val/b/renamed.jpg", "\x89PNG\r\n\x1a\n and so on");

  const std::string db = folder / "p.db";
  REQUIRE(Dse({"sample", "--space", "RegNetX", "-n", "1", "--seed", "1", "--classes", "2",
               "--flops", "20M:60M", "--db", db, "-q"})
              .code == 0);
  const auto train = [&](const std::string& uri) {
    return Dse({"train", "--db", db, "--data", uri, "--recipe", "paper-10", "--set", "epochs=1",
                "batch_size=16", "train_images=64", "test_images=32", "precise_bn_images=32"});
  };
  const ProcessResult from_folder = train("folder:" + images.path());
  INFO(from_folder.err);
  CHECK(from_folder.code == 0);
  CHECK_THAT(from_folder.err, Contains("2 corrupt images are left out"));
  CHECK_THAT(from_folder.err, Contains(images / "train/a/short.jpg: the file is cut short"));
  CHECK_THAT(from_folder.err, Contains(images / "val/b/renamed.jpg: damaged or cut short PNG: "));

  const std::string pack = folder / "photographs";
  const ProcessResult packed =
      Dse({"pack", "--data", "folder:" + images.path(), "--out", pack, "-q"});
  INFO(packed.err);
  REQUIRE(packed.code == 0);
  const ProcessResult from_pack = train("pack:" + pack);
  INFO(from_pack.err);
  CHECK(from_pack.code == 0);
  CHECK(Query(db,
              "SELECT count(*) || ' ' || sum(train_loss BETWEEN 0.1 AND 5) FROM runs r"
              " JOIN epochs e ON e.run_id = r.id WHERE r.state = 'done'") == "2 2");
}

TEST_CASE("more corrupt images than one in a hundred are an error", "[cli][photographs]") {
  const TempFolder folder;
  const TempFolder images;
  for (const char* name : {"train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg", "test/b/1.jpg"}) {
    images.Write(name, EncodeRgb(Plain(40, 40, 200, 100, 50)));
  }
  images.Write("train/a/2.jpg", "no image");
  const std::string db = SmallStudy(folder, "RegNetX", "1");
  const ProcessResult train = Dse({"train", "--db", db, "--data", "folder:" + images.path()});
  CHECK(train.code == 1);
  CHECK_THAT(train.err, Contains("1 of 3 training images are corrupt, more than 1%; the first is " +
                                 images / "train/a/2.jpg"));
  CHECK(Query(db, "SELECT count(*) FROM runs") == "0");
}

TEST_CASE("a pack with a damaged image trains, and both train and eval name it",
          "[cli][photographs][trains-long]") {
  const TempFolder folder;
  const std::string pack = folder / "pack";
  REQUIRE(Dse({"pack", "--data", "synthetic", "--out", pack, "-q"}).code == 0);
  {
    std::fstream shard(pack + ".0000", std::ios::binary | std::ios::in | std::ios::out);
    for (const int image : {77, 4003}) {  // training image 77 and test image 3
      shard.seekp(16 + 3072 * image);
      for (int i = 0; i < 8; ++i) shard.put(static_cast<char>(i));
    }
  }
  const std::string db = SmallStudy(folder, "RegNetX", "3");
  const ProcessResult train = Dse({"train", "--db", db, "--data", "pack:" + pack, "--recipe",
                                   "smoke", "--set", "epochs=1", "train_images=0", "test_images=0",
                                   "precise_bn_images=0", "--workers", "2", "--keep-weights"});
  INFO(train.err);
  CHECK(train.code == 0);
  CHECK(Query(db, "SELECT count(*) || ' ' || sum(failures) FROM runs WHERE state = 'done'") ==
        "3 0");
  CHECK_THAT(train.err, Contains("a corrupt image is left out: " + pack +
                                 ".0000: training image '77' at byte "));
  CHECK_THAT(train.err, Contains("2 corrupt images were found when they were read, and left out\n"
                                 "  " +
                                 pack + ".0000: training image '77' at byte "));
  const ProcessResult eval = Dse({"eval", "--db", db, "--data", "pack:" + pack});
  INFO(eval.err);
  CHECK(eval.code == 0);
  CHECK_THAT(eval.err, Contains("1 corrupt images were found when they were read, and left out\n"
                                "  " +
                                pack + ".0000: test image '3' at byte "));
  CHECK(Query(db, "SELECT min(images) || ' ' || max(images) FROM evaluations") == "999 999");
}

TEST_CASE("what a folder holds beside images is said by train and pack", "[cli][photographs]") {
  const TempFolder folder;
  const TempFolder images;
  for (const char* name : {"train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg", "test/b/1.jpg"}) {
    images.Write(name, EncodeRgb(Plain(40, 40, 200, 100, 50)));
  }
  images.Write("train/a/2.webp", "RIFF");
  const std::string note = "folder:" + images.path() + ": 1 file is not read: 1 .webp, such as " +
                           images / "train/a/2.webp";
  const ProcessResult pack =
      Dse({"pack", "--data", "folder:" + images.path(), "--out", folder / "pack"});
  CHECK(pack.code == 0);
  CHECK_THAT(pack.err, Contains(note));
  const std::string db = folder / "t.db";
  REQUIRE(Dse({"sample", "--space", "RegNetX", "-n", "1", "--seed", "1", "--classes", "2",
               "--flops", "2M:4M", "--resolution", "32", "--db", db, "-q"})
              .code == 0);
  const ProcessResult train =
      Dse({"train", "--db", db, "--data", "folder:" + images.path(), "--dry-run"});
  CHECK_THAT(train.err, Contains(note));
  CHECK_THAT(Dse({"train", "--db", db, "--data", "folder:" + images.path(), "--dry-run", "-q"}).err,
             !Contains(note));
}

}  // namespace dse::photographs_test
