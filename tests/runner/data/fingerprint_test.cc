#include "runner/data/fingerprint.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <vector>

#include "core/error.h"
#include "tests/support/temp_folder.h"

namespace dse::fingerprint_test {
namespace {

using Catch::Matchers::Contains;

std::string Fingerprint(const TempFolder& folder, HashedFiles hashed = HashedFiles::kAll,
                        int threads = 2) {
  return FolderFingerprint(ListSplit(folder / "train"), ListSplit(folder / "test"), hashed,
                           threads);
}

std::string OldFingerprint(const TempFolder& folder) {
  return OldFolderFingerprint(ListSplit(folder / "train"), ListSplit(folder / "test"));
}

void WriteFiveFiles(const TempFolder& folder) {
  folder.Write("train/a/1.jpg", "one");
  folder.Write("train/a/2.jpg", "three");
  folder.Write("train/b/1.jpg", "two");
  folder.Write("test/a/1.jpg", "four");
  folder.Write("test/b/1.jpg", "");
}

// 1,200 training files of five bytes and one to test.
void WriteManyFiles(const TempFolder& folder) {
  for (int i = 0; i < 1200; ++i) {
    folder.Write("train/a/" + std::to_string(i) + ".jpg", "bytes");
  }
  folder.Write("test/a/0.jpg", "bytes");
}

// The training files of the above in the order of the SHA-256 of their names.
std::vector<std::string> InSampleOrder() {
  std::vector<std::pair<std::string, std::string>> hashes;
  for (int i = 0; i < 1200; ++i) {
    const std::string name = "train/a/" + std::to_string(i) + ".jpg";
    hashes.emplace_back(Sha256Hex(name), name);
  }
  std::sort(hashes.begin(), hashes.end());
  std::vector<std::string> names;
  for (const auto& [hash, name] : hashes) names.push_back(name);
  return names;
}

}  // namespace

// Python's hashlib over the fields the header lists.
TEST_CASE("the fingerprint of a folder is over classes, names, labels, sizes and bytes") {
  const TempFolder folder;
  WriteFiveFiles(folder);
  CHECK(Fingerprint(folder) == "c88332ce9e1c24de");
  CHECK(Fingerprint(folder, HashedFiles::kAll, 1) == "c88332ce9e1c24de");
  CHECK(Fingerprint(folder, HashedFiles::kSample, 5) == "c88332ce9e1c24de");
  const TempFolder elsewhere;
  WriteFiveFiles(elsewhere);
  CHECK(Fingerprint(elsewhere) == Fingerprint(folder));
}

TEST_CASE("one other byte, label or name in a folder makes another fingerprint") {
  const TempFolder folder;
  WriteFiveFiles(folder);
  const std::string before = Fingerprint(folder);
  const std::string old = OldFingerprint(folder);
  SECTION("a byte of a training file") { folder.Write("train/b/1.jpg", "twO"); }
  SECTION("a byte of a test file") { folder.Write("test/a/1.jpg", "Four"); }
  SECTION("two files of different classes change places") {
    folder.Write("train/a/1.jpg", "two");
    folder.Write("train/b/1.jpg", "one");
  }
  CHECK(Fingerprint(folder) != before);
  CHECK(OldFingerprint(folder) == old);
}

TEST_CASE("of a large folder the files with the smallest hashes are covered, and all sizes") {
  const TempFolder folder;
  WriteManyFiles(folder);
  const std::string before = Fingerprint(folder, HashedFiles::kSample);
  CHECK(Fingerprint(folder, HashedFiles::kSample, 1) == before);
  const std::vector<std::string> names = InSampleOrder();
  folder.Write(names[0], "Bytes");
  CHECK(Fingerprint(folder, HashedFiles::kSample) != before);
  folder.Write(names[0], "bytes");
  // Whether the test file is one of the sample or not, the first 1,023 are and the last is not.
  folder.Write(names[1022], "Bytes");
  CHECK(Fingerprint(folder, HashedFiles::kSample) != before);
  folder.Write(names[1022], "bytes");
  folder.Write(names[1199], "Bytes");
  CHECK(Fingerprint(folder, HashedFiles::kSample) == before);
  CHECK(Fingerprint(folder, HashedFiles::kAll) != before);
  folder.Write(names[1199], "longer");
  CHECK(Fingerprint(folder, HashedFiles::kSample) != before);
}

TEST_CASE("fields of a fingerprint do not run into each other") {
  const auto hash = [](const std::vector<std::string>& classes,
                       const std::vector<std::string>& fields) {
    FingerprintHash text("folder", classes);
    for (const std::string& field : fields) text.Add(field);
    return text.Finish();
  };
  CHECK(hash({"a"}, {"b", "c"}) != hash({"a"}, {"bc"}));
  CHECK(hash({"a"}, {"b\n1:c"}) != hash({"a"}, {"b", "c"}));
  CHECK(hash({"a", "b"}, {}) != hash({"a"}, {"b"}));
}

TEST_CASE("a file that is gone when a folder's contents are read is named") {
  const TempFolder folder;
  WriteFiveFiles(folder);
  const FolderSplit train = ListSplit(folder / "train");
  const FolderSplit test = ListSplit(folder / "test");
  std::filesystem::remove(folder / "train/a/2.jpg");
  CHECK_THROWS_WITH(FolderFingerprint(train, test, HashedFiles::kAll, 2),
                    Contains("train/a/2.jpg: cannot be read"));
}

// The dataset of results-v2.db, which the program of that time named so.
TEST_CASE("the old fingerprint of a folder is what older files know it by, in any order") {
  FolderSplit train, test;
  train.class_names = {"dog", "cat"};
  for (const std::string& name : train.class_names) {
    for (int i = 7; i >= 0; --i) {
      train.files.push_back({name + "/" + std::to_string(i) + ".jpg", name == "cat"});
    }
    for (int i = 0; i < 2; ++i) test.files.push_back({name + "/" + std::to_string(i) + ".jpg", 0});
  }
  CHECK(OldFolderFingerprint(train, test) == "9f4ef74fadedbe64");
}

}  // namespace dse::fingerprint_test
