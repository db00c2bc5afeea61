#include "runner/folder_listing.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "runner/class_map.h"

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

std::vector<std::string> ListClasses(const std::string& directory) {
  std::vector<std::string> names = ListNames(directory, [](const fs::directory_entry& entry) {
    std::error_code ignored;
    return entry.is_directory(ignored);
  });
  SortClassNames(names);
  return names;
}

// The first of the names that is not `among` the others; "" if all are.
std::string FirstMissing(const std::vector<std::string>& names,
                         const std::vector<std::string>& among) {
  const std::set<std::string> known(among.begin(), among.end());
  const auto found = std::find_if(names.begin(), names.end(),
                                  [&](const std::string& name) { return !known.contains(name); });
  return found == names.end() ? "" : *found;
}

bool SameClasses(const std::vector<std::string>& one, const std::vector<std::string>& other) {
  return FirstMissing(one, other).empty() && FirstMissing(other, one).empty();
}

void CheckSameClasses(const FolderSplit& train, const FolderSplit& test) {
  const auto only_in = [](const FolderSplit& here, const FolderSplit& there) {
    const std::string name = FirstMissing(here.class_names, there.class_names);
    if (name.empty()) return;
    throw Error("the class '" + name + "' is in " + here.directory + " but not in " +
                there.directory + "; both need the same classes");
  };
  only_in(train, test);
  only_in(test, train);
}

// Those of DIR/test and DIR/val that are there.
std::vector<std::string> TestSplits(const std::string& directory) {
  std::vector<std::string> splits;
  for (const char* split : {"test", "val"}) {
    if (IsFolder(directory + "/" + split)) splits.emplace_back(split);
  }
  return splits;
}

// "folder:DIR: testing on val/; test/ is passed over: it has other classes ('images')"
std::string PassedOver(const std::string& chosen, const std::string& directory,
                       const std::string& split, const std::vector<std::string>& known) {
  const std::vector<std::string> names = ListClasses(directory + "/" + split);
  const std::string other = FirstMissing(names, known);
  std::string why = "it has other classes";
  if (names.empty()) {
    why = "it has no class folders";
  } else if (known.empty()) {
    why = "it has not images of several classes";
  } else if (!other.empty()) {
    why += " ('" + other + "')";
  }
  return "folder:" + directory + ": testing on " + chosen + "/; " + split +
         "/ is passed over: " + why;
}

TestFolder ListTestFolder(const std::string& directory, const std::vector<std::string>& splits,
                          size_t chosen, const std::vector<std::string>& known) {
  TestFolder folder;
  folder.split = splits[chosen];
  folder.images = ListSplit(directory + "/" + folder.split);
  for (size_t i = 0; i < chosen; ++i) {
    folder.notes.push_back(PassedOver(folder.split, directory, splits[i], known));
  }
  return folder;
}

// What has images of more than one class; the first where nothing has.
size_t FirstLabelled(const std::string& directory, const std::vector<std::string>& splits) {
  for (size_t i = 0; i < splits.size(); ++i) {
    try {
      if (ListSplit(directory + "/" + splits[i]).class_names.size() > 1) return i;
    } catch (const Error&) {  // it has no images, or not in every folder
    }
  }
  return 0;
}

}  // namespace

FolderSplit ListSplit(const std::string& directory) {
  if (!IsFolder(directory)) throw Error(directory + ": there is no such folder");
  FolderSplit split;
  split.directory = directory;
  split.class_names = ListClasses(directory);
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

FolderSplit InByteOrder(FolderSplit split) {
  std::vector<std::string> names = split.class_names;
  std::sort(names.begin(), names.end());
  for (FolderFile& file : split.files) {
    const std::string& name = split.class_names.at(static_cast<size_t>(file.label));
    file.label =
        static_cast<int>(std::lower_bound(names.begin(), names.end(), name) - names.begin());
  }
  std::stable_sort(split.files.begin(), split.files.end(),
                   [](const FolderFile& a, const FolderFile& b) { return a.label < b.label; });
  split.class_names = std::move(names);
  return split;
}

TestFolder FindTestFolder(const std::string& directory, const FolderSplit& train) {
  const std::vector<std::string> splits = TestSplits(directory);
  if (splits.empty()) {
    throw Error(directory + ": has neither a folder test/ nor val/ with the images to test on");
  }
  for (size_t i = 0; i < splits.size(); ++i) {
    if (SameClasses(ListClasses(directory + "/" + splits[i]), train.class_names)) {
      return ListTestFolder(directory, splits, i, train.class_names);
    }
  }
  TestFolder folder = ListTestFolder(directory, splits, 0, {});
  CheckSameClasses(train, folder.images);
  return folder;
}

TestFolder FindTestFolder(const std::string& directory, const std::string& split,
                          const std::vector<std::string>& classes) {
  if (!split.empty()) return ListTestFolder(directory, {split}, 0, {});
  const std::string train = directory + "/train";
  const std::vector<std::string> splits = TestSplits(directory);
  if (splits.empty()) {
    if (!IsFolder(train)) return {ListSplit(directory), "test", {}};
    throw Error(directory +
                ": has neither a folder test/ nor val/ with the images to test on; "
                "--split train tests on train/");
  }
  const std::vector<std::string> trained =
      IsFolder(train) ? ListClasses(train) : std::vector<std::string>();
  for (size_t i = 0; i < splits.size(); ++i) {
    const std::vector<std::string> names = ListClasses(directory + "/" + splits[i]);
    if (names.empty()) continue;
    const bool known = !classes.empty() && FirstMissing(names, classes).empty();
    if (known || SameClasses(names, trained)) {
      return ListTestFolder(directory, splits, i, known ? classes : trained);
    }
  }
  return ListTestFolder(directory, splits, FirstLabelled(directory, splits), {});
}

}  // namespace dse
