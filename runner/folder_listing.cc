#include "runner/folder_listing.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <system_error>

#include "core/error.h"

namespace dse {
namespace {

namespace fs = std::filesystem;

bool IsJpegName(const fs::path& name) {
  std::string extension = name.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".jpg" || extension == ".jpeg";
}

bool IsFolder(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

// The names in a folder that `keep` accepts, sorted. Names alone decide where they can: asking the
// file system about each of a million files takes longer than reading the list.
template <typename Keep>
std::vector<std::string> ListNames(const std::string& directory, const Keep& keep) {
  std::vector<std::string> names;
  std::error_code failure;
  fs::directory_iterator entries(directory, failure);
  for (; !failure && entries != fs::directory_iterator(); entries.increment(failure)) {
    const fs::path name = entries->path().filename();
    if (name.native().front() != '.' && keep(*entries)) names.push_back(name.string());
  }
  if (failure) throw Error(directory + ": cannot be listed (" + failure.message() + ")");
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

FolderSplit ListSplit(const std::string& directory) {
  if (!IsFolder(directory)) throw Error(directory + ": there is no such folder");
  FolderSplit split;
  split.directory = directory;
  split.class_names = ListNames(directory, [](const fs::directory_entry& entry) {
    std::error_code ignored;
    return entry.is_directory(ignored);
  });
  if (split.class_names.empty()) {
    throw Error(directory + ": has no folders; images belong into one folder per class");
  }
  for (size_t label = 0; label < split.class_names.size(); ++label) {
    const std::string& name = split.class_names[label];
    const std::vector<std::string> files =
        ListNames(directory + "/" + name,
                  [](const fs::directory_entry& entry) { return IsJpegName(entry.path()); });
    if (files.empty()) throw Error(directory + "/" + name + ": has no .jpg or .jpeg images");
    for (const std::string& file : files) {
      split.files.push_back({name + "/" + file, static_cast<int>(label)});
    }
  }
  return split;
}

std::string FindTestFolder(const std::string& directory) {
  for (const char* name : {"test", "val"}) {
    const std::string path = directory + "/" + name;
    if (IsFolder(path)) return path;
  }
  throw Error(directory + ": has neither a folder test/ nor val/ with the images to test on");
}

void CheckSameClasses(const FolderSplit& train, const FolderSplit& test) {
  const auto only_in = [](const FolderSplit& here, const FolderSplit& there) {
    for (const std::string& name : here.class_names) {
      if (!std::binary_search(there.class_names.begin(), there.class_names.end(), name)) {
        throw Error("the class '" + name + "' is in " + here.directory + " but not in " +
                    there.directory + "; both need the same classes");
      }
    }
  };
  only_in(train, test);
  only_in(test, train);
}

}  // namespace dse
