#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/rng.h"
#include "runner/data/folder.h"
#include "runner/data/images/augment.h"
#include "runner/data/images/resize.h"
#include "runner/data/pack_writer.h"

namespace dse {
namespace {

namespace fs = std::filesystem;

// Photographs as a dataset of one class, and packs of it; removed at the end.
class Photographs {
 public:
  explicit Photographs(const std::string& folder) : root_(fs::temp_directory_path() / "dse_bench") {
    fs::remove_all(root_);
    for (const char* split : {"train", "test"}) {
      fs::create_directories(root_ / split / "photograph");
      for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() != ".JPEG") continue;
        fs::create_symlink(entry.path(), root_ / split / "photograph" / entry.path().filename());
      }
    }
  }
  ~Photographs() { fs::remove_all(root_); }
  Photographs(const Photographs&) = delete;
  Photographs& operator=(const Photographs&) = delete;

  // Read from their files each time.
  std::unique_ptr<Dataset> Open() const { return OpenFolderDataset(root_, 2, 0); }

  std::unique_ptr<Dataset> OpenPacked(bool raw) const {
    PackOptions options;
    options.raw = raw;
    options.replace = true;
    const std::string path = root_ / (raw ? "raw.pack" : "jpeg.pack");
    WritePack(*Open(), path, options, [](int64_t, int64_t) { return true; });
    return OpenDataset("pack:" + path, 1);
  }

 private:
  fs::path root_;
};

// Training images at 224 px, random resized crop and flip, on one thread.
void ReadTraining(benchmark::State& state, const std::string& kind) {
  constexpr int kSide = 224;
  const char* folder = std::getenv("DSE_IMAGENET_SAMPLE_DIR");
  if (folder == nullptr) return state.SkipWithError("DSE_IMAGENET_SAMPLE_DIR is not set");
  const Photographs photographs(folder);
  const auto data =
      kind == "folder" ? photographs.Open() : photographs.OpenPacked(kind == "pack_raw");
  RandomStream random(1, 1);
  ReadScratch scratch;
  std::vector<uint8_t> pixels(size_t{kSide} * kSide * 3);
  const auto choose = [&](int height, int width) {
    return RandomCut(height, width, kSide, random);
  };
  int64_t image = 0;
  for (auto _ : state) {
    MakeCut(data->LoadCut(Split::kTrain, image, choose, scratch), pixels.data());
    FlipAtRandom(kSide, random, pixels.data());
    image = (image + 1) % data->Size(Split::kTrain);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(ReadTraining, folder, std::string("folder"))->MinTime(2);
BENCHMARK_CAPTURE(ReadTraining, pack, std::string("pack"))->MinTime(2);
BENCHMARK_CAPTURE(ReadTraining, pack_raw, std::string("pack_raw"))->MinTime(2);

}  // namespace
}  // namespace dse
