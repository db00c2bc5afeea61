#include "runner/data/dataset.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <set>

#include "core/error.h"
#include "core/hash.h"
#include "runner/data/folder.h"
#include "tests/runner/data/images/jpeg_writer.h"
#include "tests/runner/data/images/png_writer.h"
#include "tests/support/temp_folder.h"

namespace dse::dataset_test {
namespace {

using Catch::Matchers::Contains;

// Two classes; three training images of "cat", two of "dog", one test image of each.
void WriteSmallFolder(const TempFolder& folder) {
  folder.Write("train/dog/b.jpg", EncodeRgb(Plain(8, 8, 10, 20, 30)));
  folder.Write("train/dog/a.JPEG", EncodeRgb(Plain(8, 8, 40, 50, 60)));
  folder.Write("train/cat/c.jpg", EncodeGray(8, 12, 70));
  folder.Write("train/cat/a.jpg", EncodeRgb(Plain(8, 8, 80, 90, 100)));
  folder.Write("train/cat/b.jpeg", EncodeRgb(Plain(8, 8, 110, 120, 130)));
  folder.Write("train/cat/notes.txt", "no image, by its name");
  folder.Write("train/cat/._a.jpg", "left by another system");
  folder.Write("test/cat/x.jpg", EncodeRgb(Plain(8, 8, 1, 2, 3)));
  folder.Write("test/dog/y.jpg", EncodeRgb(Plain(8, 8, 4, 5, 6)));
}

std::string AllBytes(const Dataset& data) {
  std::string bytes;
  for (Split split : {Split::kTrain, Split::kTest}) {
    for (int64_t i = 0; i < data.Size(split); ++i) {
      const Image image = data.Load(split, i);
      bytes += static_cast<char>(data.Label(split, i));
      bytes.append(image.pixels.begin(), image.pixels.end());
    }
  }
  return bytes;
}

}  // namespace

TEST_CASE("the embedded dataset is the same bytes everywhere and on any number of threads") {
  const auto one = OpenDataset("synthetic", 1);
  const auto three = OpenDataset("synthetic", 3);
  const std::string bytes = AllBytes(*one);
  CHECK(bytes.size() == 5000 * (1 + 32 * 32 * 3));
  CHECK(bytes == AllBytes(*three));
  // Pinned: runs stored under its fingerprint were trained on these bytes.
  CHECK(ShortHash(bytes) == "35cf6d384d04aae6");
  CHECK(one->info().fingerprint == "b977770fb361beee");
}

TEST_CASE("the embedded dataset has ten classes of equal size but for replaced labels") {
  const auto data = OpenDataset("synthetic", 2);
  CHECK(data->info().classes() == 10);
  CHECK(data->info().train_images == 4000);
  CHECK(data->info().test_images == 1000);
  int64_t replaced = 0;
  for (int64_t i = 0; i < 4000; ++i) replaced += data->Label(Split::kTrain, i) != i % 10;
  // One in 25 is replaced, a tenth of those by itself: 144 of 4000 expected, standard
  // deviation 11.8.
  CHECK(replaced > 144 - 48);
  CHECK(replaced < 144 + 48);
}

TEST_CASE("a folder of JPEGs is read with sorted classes and files") {
  const TempFolder folder;
  WriteSmallFolder(folder);
  const auto data = OpenDataset("folder:" + folder.path() + "/", 2);
  CHECK(data->info().class_names == std::vector<std::string>{"cat", "dog"});
  CHECK(data->info().train_images == 5);
  CHECK(data->info().test_images == 2);
  CHECK(data->info().corrupt_images == 0);
  CHECK(data->Label(Split::kTrain, 2) == 0);
  CHECK(data->Label(Split::kTrain, 3) == 1);
  CHECK(data->Load(Split::kTrain, 0).pixels[0] == 80);
  CHECK(data->Load(Split::kTrain, 2).pixels == Plain(8, 12, 70, 70, 70).pixels);
  CHECK(data->Load(Split::kTrain, 3).pixels[0] == 40);
  CHECK(data->Load(Split::kTest, 1).width == 8);
}

TEST_CASE("the statistics of a folder are those of its training pixels") {
  const TempFolder folder;
  folder.Write("train/a/1.jpg", EncodeGray(8, 8, 51));
  folder.Write("train/a/2.jpg", EncodeGray(8, 8, 153));
  folder.Write("val/a/1.jpg", EncodeGray(8, 8, 255));
  const auto data = OpenDataset("folder:" + folder.path(), 1);
  // 51 is 0.2 and 153 is 0.6: mean 0.4, deviation 0.2.
  for (size_t c = 0; c < 3; ++c) {
    CHECK(data->info().mean[c] == Approx(0.4));
    CHECK(data->info().stddev[c] == Approx(0.2));
  }
}

TEST_CASE("a folder too large for memory gives the same images from its files") {
  const TempFolder folder;
  WriteSmallFolder(folder);
  const auto memory = OpenFolderDataset(folder.path(), 2);
  const auto files = OpenFolderDataset(folder.path(), 2, 300);
  CHECK(files->info().fingerprint == memory->info().fingerprint);
  CHECK(AllBytes(*files) == AllBytes(*memory));
  std::filesystem::remove(folder / "train/cat/b.jpeg");
  CHECK_NOTHROW(memory->Load(Split::kTrain, 1));
  CHECK_THROWS_WITH(files->Load(Split::kTrain, 1),
                    Contains("train/cat/b.jpeg: cannot be read: No such file"));
}

TEST_CASE("images in a folder that changed under their names make it another set") {
  const TempFolder folder;
  WriteSmallFolder(folder);
  const int64_t memory = GENERATE(kImageMemory, int64_t{300});
  const DatasetInfo before = OpenFolderDataset(folder.path(), 2, memory)->info();
  folder.Write("test/dog/y.jpg", EncodeRgb(Plain(8, 8, 250, 5, 6)));
  const DatasetInfo after = OpenFolderDataset(folder.path(), 2, memory)->info();
  CHECK(after.fingerprint != before.fingerprint);
  CHECK(after.old_fingerprint == before.old_fingerprint);
}

TEST_CASE("the fingerprint of a folder depends on its file names and not on where it lies") {
  const TempFolder first, second;
  WriteSmallFolder(first);
  WriteSmallFolder(second);
  const std::string fingerprint = OpenDataset("folder:" + first.path(), 1)->info().fingerprint;
  CHECK(OpenDataset("folder:" + second.path(), 1)->info().fingerprint == fingerprint);
  second.Write("train/dog/c.jpg", EncodeGray(8, 8, 1));
  CHECK(OpenDataset("folder:" + second.path(), 1)->info().fingerprint != fingerprint);
}

TEST_CASE("a few corrupt images are left out, counted and named") {
  const TempFolder folder;
  for (int i = 0; i < 200; ++i) {
    folder.Write("train/a/" + std::to_string(1000 + i) + ".jpg", EncodeGray(8, 8, i));
  }
  folder.Write("test/a/0.jpg", EncodeGray(8, 8, 0));
  folder.Write("train/a/1100.jpg", "a text file named .jpg");
  const std::string whole = EncodeRgb(Plain(64, 64, 1, 2, 3));
  folder.Write("train/a/1150.jpg", whole.substr(0, whole.size() - 30));
  const bool in_memory = GENERATE(true, false);
  const auto data = OpenFolderDataset(folder.path(), 2, in_memory ? 1'000'000 : 100);
  CHECK(data->info().train_images == 198);
  CHECK(data->info().corrupt_images == 2);
  REQUIRE(data->info().corrupt_files.size() == 2);
  CHECK_THAT(data->info().corrupt_files[0], Contains("train/a/1100.jpg: Not a JPEG file"));
  CHECK_THAT(data->info().corrupt_files[1], Contains("train/a/1150.jpg: the file is cut short"));
}

TEST_CASE(
    "an image of a set above the memory bound that does not decode is left out when it is read") {
  const TempFolder folder;
  for (int i = 0; i < 300; ++i) {
    folder.Write("train/a/" + std::to_string(1000 + i) + ".jpg", EncodeGray(8, 8, i));
  }
  folder.Write("test/a/0.jpg", EncodeGray(8, 8, 0));
  const std::string whole = EncodeRgb(Plain(64, 64, 1, 2, 3));
  const std::string damaged = whole.substr(0, whole.size() - 30) + "\xff\xd9";  // with its end
  for (const char* name : {"1010", "1100", "1200"}) {
    folder.Write("train/a/" + std::string(name) + ".jpg", damaged);
  }
  CHECK(OpenFolderDataset(folder.path(), 2)->info().corrupt_images == 3);
  const auto data = OpenFolderDataset(folder.path(), 2, 100);
  CHECK(data->info().train_images == 300);
  CHECK(data->FoundCorrupt().count == 0);
  ReadScratch scratch;
  const ChooseCut choose = [](int, int) { return Cut{{0, 0, 2, 2}, 2, 2, {0, 0, 2, 2}, false}; };
  for (int twice = 0; twice < 2; ++twice) {
    CHECK_THROWS_AS(data->LoadCut(Split::kTrain, 100, choose, scratch), CorruptImage);
  }
  // In another process, as workers are.
  const pid_t pid = fork();
  if (pid == 0) {
    try {
      data->Load(Split::kTrain, 10);
    } catch (const CorruptImage&) {
      _exit(7);
    }
    _exit(1);
  }
  int status = 0;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  CHECK(WEXITSTATUS(status) == 7);
  const CorruptSummary found = data->FoundCorrupt();
  CHECK(found.count == 2);
  CHECK(found.names ==
        std::vector<std::string>{folder / "train/a/1010.jpg", folder / "train/a/1100.jpg"});
  CHECK_NOTHROW(data->Load(Split::kTrain, 11));
  CHECK_THROWS_AS(data->Load(Split::kTrain, 200), CorruptImage);  // 3 of 301 are within 1%
}

TEST_CASE("more corrupt images than one in a hundred end reading as a fault of the machine") {
  const TempFolder folder;
  for (int i = 0; i < 120; ++i) {
    const bool damaged = i == 50 || i == 90;
    std::string image = EncodeRgb(Plain(16, 16, 1, 2, 3));
    if (damaged) image = image.substr(0, image.size() - 12) + "\xff\xd9";
    folder.Write("train/a/" + std::to_string(1000 + i) + ".jpg", image);
  }
  folder.Write("test/a/0.jpg", EncodeGray(8, 8, 0));
  const auto data = OpenFolderDataset(folder.path(), 1, 100);
  CHECK_THROWS_AS(data->Load(Split::kTrain, 50), CorruptImage);
  try {
    data->Load(Split::kTrain, 90);
    FAIL("no error");
  } catch (const CorruptImage&) {
    FAIL("not told that there are too many");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::kMachine);
    CHECK_THAT(error.what(),
               Contains("2 of 120 training images are corrupt, more than 1%; the last is " +
                        folder / "train/a/1090.jpg: "));
  }
}

TEST_CASE("folders below a class folder are read as part of it, links followed") {
  const TempFolder folder;
  WriteSmallFolder(folder);
  folder.Write("train/cat/b/z.jpg", EncodeGray(8, 8, 1));
  folder.Write("train/cat/a/deep/y.JPG", EncodeGray(8, 8, 2));
  folder.Write("elsewhere/linked.jpg", EncodeGray(8, 8, 3));
  std::filesystem::create_directory_symlink(folder / "elsewhere", folder / "train/cat/link");
  std::filesystem::create_symlink(folder / "elsewhere/linked.jpg", folder / "train/cat/file.jpg");
  std::filesystem::create_directory_symlink(folder / "train/cat", folder / "train/cat/b/loop");
  const auto data = OpenDataset("folder:" + folder.path(), 1);
  std::vector<std::string> names;
  for (int64_t i = 0; i < data->info().train_images; ++i) {
    names.push_back(data->Name(Split::kTrain, i));
  }
  // In the byte order of the paths: '.' is before '/'.
  CHECK(names == std::vector<std::string>{"cat/a.jpg", "cat/a/deep/y.JPG", "cat/b.jpeg",
                                          "cat/b/z.jpg", "cat/c.jpg", "cat/file.jpg",
                                          "cat/link/linked.jpg", "dog/a.JPEG", "dog/b.jpg"});
  CHECK(data->Label(Split::kTrain, 1) == 0);
  CHECK(data->Load(Split::kTrain, 6).pixels[0] == 3);
}

TEST_CASE("PNG files are read beside JPEG files, and what is not read is counted and named") {
  const TempFolder folder;
  WriteSmallFolder(folder);
  CHECK(OpenDataset("folder:" + folder.path(), 1)->info().notes ==
        std::vector<std::string>{"folder:" + folder.path() +
                                 ": 1 file is not read: 1 .txt, such as " +
                                 folder / "train/cat/notes.txt"});
  folder.Write("train/dog/aa.PNG", EncodePng({2, 8}, 2, 1, {1, 2, 3, 4, 5, 6}));
  folder.Write("train/dog/more/1.webp", "RIFF");
  folder.Write("test/dog/2.webp", "RIFF");
  folder.Write("test/dog/README", "text");
  folder.Write("test/labels.csv", "text");
  std::filesystem::create_directory_symlink(folder / "train/dog", folder / "train/dog/more/up");
  const auto data = OpenDataset("folder:" + folder.path(), 1);
  CHECK(data->info().train_images == 6);
  CHECK(data->Name(Split::kTrain, 4) == "dog/aa.PNG");
  CHECK(data->Load(Split::kTrain, 4).pixels == std::vector<uint8_t>{1, 2, 3, 4, 5, 6});
  REQUIRE(data->info().notes.size() == 1);
  CHECK_THAT(data->info().notes[0],
             Contains(": 6 files are not read: 2 .webp, 1 .csv, 1 .txt, 1 link to a folder above "
                      "it, 1 without extension, such as " +
                      folder / "test/dog/2.webp"));
}

TEST_CASE("too many corrupt images are an error that names the first") {
  const TempFolder folder;
  WriteSmallFolder(folder);
  folder.Write("train/dog/z.jpg", "a text file named .jpg");
  CHECK_THROWS_WITH(OpenDataset("folder:" + folder.path(), 2),
                    Contains("1 of 6 training images are corrupt") && Contains("train/dog/z.jpg"));
}

TEST_CASE("a broken folder is described in a sentence") {
  const TempFolder folder;
  const std::string uri = "folder:" + folder.path();
  CHECK_THROWS_WITH(OpenDataset(uri + "/none", 1), Contains("/none': there is no such folder"));
  CHECK_THROWS_WITH(OpenDataset(uri, 1), Contains("/train: there is no such folder"));
  folder.Write("train/readme.txt", "x");
  CHECK_THROWS_WITH(OpenDataset(uri, 1), Contains("one folder per class"));
  folder.Write("train/a/readme.txt", "x");
  CHECK_THROWS_WITH(OpenDataset(uri, 1), Contains("train/a: has no .jpg"));
  folder.Write("train/a/1.jpg", EncodeGray(8, 8, 0));
  CHECK_THROWS_WITH(OpenDataset(uri, 1), Contains("neither a folder test/ nor val/"));
  folder.Write("val/b/1.jpg", EncodeGray(8, 8, 0));
  CHECK_THROWS_WITH(OpenDataset(uri, 1), Contains("the class 'a' is in"));
  folder.Write("val/a/1.jpg", EncodeGray(8, 8, 0));
  CHECK_THROWS_WITH(OpenDataset(uri, 1), Contains("the class 'b' is in"));
  folder.Write("train/b/1.jpg", EncodeGray(8, 8, 0));
  CHECK(OpenDataset(uri, 1)->info().classes() == 2);
}

TEST_CASE("an unknown dataset is refused with what there is") {
  CHECK_THROWS_WITH(OpenDataset("syntetic", 1), Contains("did you mean 'synthetic'"));
  CHECK_THROWS_WITH(OpenDataset("synthetic:haard", 1), Contains("did you mean 'hard'"));
  CHECK_THROWS_WITH(OpenDataset("/data/cifar", 1), Contains("folder:DIR"));
}

TEST_CASE("the grades of the embedded dataset are other bytes in the same classes") {
  const auto plain = OpenDataset("synthetic", 2);
  const auto easy = OpenDataset("synthetic:easy", 2), hard = OpenDataset("synthetic:hard", 2);
  CHECK(ShortHash(AllBytes(*easy)) == "e8a89210109c46cb");
  CHECK(ShortHash(AllBytes(*hard)) == "a712a77791faf6a1");
  CHECK(easy->info().uri == "synthetic:easy");
  CHECK(easy->info().fingerprint == "e37a73cbc05cd2ee");
  CHECK(hard->info().fingerprint == "200a82dfcdc3e5fb");
  for (const auto* data : {easy.get(), hard.get()}) {
    CHECK(data->info().class_names == plain->info().class_names);
    CHECK(data->Size(Split::kTrain) == 4000);
  }
}

}  // namespace dse::dataset_test
