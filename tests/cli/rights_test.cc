#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "tests/cli/fake_cluster.h"
#include "tests/cli/hostile.h"
#include "tests/runner/data/images/jpeg_writer.h"

// Who may do what with the files and folders that the program makes.

namespace dse::rights_test {
namespace {

namespace fs = std::filesystem;

// While it lives, this process and what it starts have this umask.
class Umask {
 public:
  explicit Umask(mode_t mask) : before_(umask(mask)) {}
  ~Umask() { umask(before_); }
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;

 private:
  mode_t before_;
};

mode_t ModeOf(const std::string& path) {
  struct stat info = {};
  REQUIRE(lstat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

// All commands that write, into this folder and those in it.
void MakeEverything(const std::string& folder, const std::string& images) {
  const std::string db = folder + "/a.db";
  Text({"sample", "--space",   "RegNetX", "-n",           "2",     "--seed",   "1", "--resolution",
        "32",     "--classes", "10",      "--stem",       "cifar", "--stages", "3", "--flops",
        "1M:4M",  "--db",      db,        "--population", "p"});
  Text({"pack", "--data", "folder:" + images, "--out", folder + "/images.pack"});
  Text({"inspect", "regnetx-200mf", "--svg", folder + "/m.svg"});
  Text({"train",
        "--db",
        db,
        "--data",
        "synthetic",
        "--recipe",
        "smoke",
        "--device",
        "cpu",
        "--threads",
        "1",
        "--keep-weights",
        "--limit",
        "1",
        "--shard",
        "0/1",
        "--set",
        "train_images=100",
        "test_images=100",
        "batch_size=50"});
  Text({"submit", "--db", db, "--tasks", "2", "--shared-file", "yes", "--", "--data", "synthetic"});
  Text({"merge", "--db", db, db + ".shards", "--move-files"});
  Text({"analyze", "--db", db, "--html", folder + "/r.html", "--json", folder + "/r.json", "--csv",
        folder + "/tables", "--charts", folder + "/charts"});
  Text({"export", "--db", db, "--format", "pycls-yaml", "--out", folder + "/yaml"});
  for (const char* format : {"csv", "jsonl", "sweep-json"}) {
    Text({"export", "--db", db, "--format", format, "--out", folder + "/out." + format});
  }
}

}  // namespace

TEST_CASE("files and folders have the rights that the umask leaves, and not everybody may write",
          "[cli][hostile][trains-long]") {
  const TempFolder source;
  for (const char* split : {"train", "val"}) {
    for (const char* name : {"a", "b"}) {
      source.Write(std::string(split) + "/" + name + "/1.jpg",
                   EncodeRgb({8, 8, std::vector<uint8_t>(8 * 8 * 3, 128)}));
    }
  }
  for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{077}}) {
    const TempFolder folder;
    const FakeCluster cluster;
    {
      const Umask in_force(mask);
      MakeEverything(folder.path(), source.path());
    }
    int files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
      const std::string path = entry.path();
      CAPTURE(path, mask);
      const bool script = entry.path().extension() == ".sh";
      const mode_t most = entry.is_directory() ? 0777 : script ? 0700 : 0666;
      CHECK(ModeOf(path) == (most & ~mask & ~mode_t{S_IWOTH}));
      ++files;
    }
    CHECK(files >= 30);
  }
}

TEST_CASE("a link in the place of a file that is written for a moment leads nowhere",
          "[cli][hostile]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "1");
  const std::string own = folder.Write("own", "mine");
  // A link under the name of the output is somebody's wish.
  fs::create_symlink(own, folder / "out.csv");
  Text({"export", "--db", db, "--format", "csv", "--out", folder / "out.csv"});
  CHECK(fs::is_symlink(folder / "out.csv"));
  CHECK(RunProcess({"cat", own}).out != "mine");
  // A script is never written through one.
  const FakeCluster cluster;
  folder.Write("s.db.slurm/other", "theirs");
  fs::create_symlink("other", folder / "s.db.slurm/train-1.sh");
  fs::create_symlink("nowhere", folder / "s.db.slurm/train-2.sh");
  Text({"submit", "--db", db, "--tasks", "1", "--shared-file", "yes", "--", "--data", "synthetic"});
  CHECK(RunProcess({"cat", folder / "s.db.slurm/other"}).out == "theirs");
  CHECK_FALSE(fs::exists(folder / "s.db.slurm/nowhere"));
  CHECK(fs::is_regular_file(fs::symlink_status(folder / "s.db.slurm/train-3.sh")));
}

}  // namespace dse::rights_test
