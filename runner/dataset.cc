#include "runner/dataset.h"

#include <filesystem>

#include "core/error.h"
#include "core/suggest.h"
#include "runner/cifar10.h"
#include "runner/folder.h"
#include "runner/pack.h"
#include "runner/synthetic.h"

namespace dse {
namespace {

// What follows the scheme of "folder:DIR", which must be a folder.
std::string FolderOf(const std::string& uri) {
  std::string directory = uri.substr(uri.find(':') + 1);
  while (directory.size() > 1 && directory.back() == '/') directory.pop_back();
  std::error_code ignored;
  if (!std::filesystem::is_directory(directory, ignored)) {
    throw Error("'" + directory + "': there is no such folder (from '" + uri + "')");
  }
  return directory;
}

}  // namespace

std::string Dataset::Name(Split, int64_t index) const { return std::to_string(index); }

CutSource Dataset::LoadCut(Split split, int64_t index, const ChooseCut& choose,
                           ReadScratch& scratch) const {
  scratch.image = Load(split, index);
  return WholeCutSource(scratch.image, choose);
}

std::unique_ptr<Dataset> OpenDataset(const std::string& uri, int threads) {
  if (uri == "synthetic") return MakeSyntheticDataset("", threads);
  if (uri.starts_with("synthetic:")) {
    return MakeSyntheticDataset(uri.substr(uri.find(':') + 1), threads);
  }
  if (uri.starts_with("folder:")) return OpenFolderDataset(FolderOf(uri), threads);
  if (uri.starts_with("cifar10:")) return OpenCifarDataset(FolderOf(uri));
  if (uri.starts_with("pack:")) return OpenPackDataset(uri.substr(uri.find(':') + 1));
  const std::string scheme = uri.substr(0, uri.find(':'));
  const std::vector<std::string> known{"synthetic", "cifar10", "folder", "pack"};
  throw Error("'" + uri + "' is no dataset" + DidYouMean(scheme, known) +
              " (there are: synthetic, synthetic:easy, synthetic:hard, cifar10:DIR, folder:DIR, "
              "pack:FILE)");
}

}  // namespace dse
