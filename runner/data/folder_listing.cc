#include "runner/data/folder_listing.h"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "runner/data/class_map.h"

namespace dse {
namespace {

namespace fs = std::filesystem;

std::string Extension(const fs::path& name) {
  std::string extension = name.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

bool IsImageExtension(const std::string& extension) {
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

bool IsFolder(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

// What the system calls the same folder under any name.
using FolderId = std::pair<dev_t, ino_t>;

// Calls visit(entry, name) for everything in a folder whose name does not begin with a dot.
template <typename Visit>
void ForEachEntry(const std::string& directory, const Visit& visit) {
  std::error_code failure;
  fs::directory_iterator entries(directory, failure);
  for (; !failure && entries != fs::directory_iterator(); entries.increment(failure)) {
    const std::string name = entries->path().filename().string();
    if (name.front() != '.') visit(*entries, name);
  }
  if (failure) throw Error(directory + ": cannot be listed (" + failure.message() + ")");
}

// Lists the files of one class folder. The list itself says what most entries are: asking the file
// system about each of a million files takes longer than reading it.
class ClassListing {
 public:
  ClassListing(const std::string& root, UnreadFiles& unread) : root_(root), unread_(unread) {}

  // The images at any depth below root/folder, as root's relative paths in byte order.
  std::vector<std::string> List(const std::string& folder) {
    names_.clear();
    ListFolder(folder);
    std::sort(names_.begin(), names_.end());
    return std::move(names_);
  }

 private:
  void ListFolder(const std::string& folder) {
    const std::string path = root_ + "/" + folder;
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) {
      throw Error(path + ": cannot be listed (" + std::strerror(errno) + ")");
    }
    const FolderId id{status.st_dev, status.st_ino};
    if (std::find(above_.begin(), above_.end(), id) != above_.end()) {
      unread_.Add("link to a folder above it", path);
      return;
    }
    above_.push_back(id);
    ForEachEntry(path, [&](const fs::directory_entry& entry, const std::string& name) {
      AddEntry(entry, folder + "/" + name);
    });
    above_.pop_back();
  }

  // Of a link, too, the name alone says whether it is an image.
  void AddEntry(const fs::directory_entry& entry, const std::string& name) {
    std::error_code ignored;
    const std::string extension = Extension(entry.path());
    if (IsImageExtension(extension) &&
        (entry.is_symlink(ignored) || entry.is_regular_file(ignored))) {
      names_.push_back(name);
    } else if (entry.is_directory(ignored)) {
      ListFolder(name);
    } else {
      unread_.Add(extension, root_ + "/" + name);
    }
  }

  const std::string& root_;
  UnreadFiles& unread_;
  std::vector<FolderId> above_;  // the folders from the class down to the one being listed
  std::vector<std::string> names_;
};

// The folders in a split, in the order of classes.
std::vector<std::string> ListClasses(const std::string& directory, UnreadFiles& unread) {
  std::vector<std::string> names;
  ForEachEntry(directory, [&](const fs::directory_entry& entry, const std::string& name) {
    std::error_code ignored;
    if (entry.is_directory(ignored)) {
      names.push_back(name);
    } else {
      unread.Add(Extension(entry.path()), directory + "/" + name);
    }
  });
  SortClassNames(names);
  return names;
}

std::vector<std::string> ListClasses(const std::string& directory) {
  UnreadFiles passed_over;
  return ListClasses(directory, passed_over);
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
  } else {
    why = "it has not the class '" + FirstMissing(known, names) + "'";
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

void UnreadFiles::Add(const std::string& kind, const std::string& path, int64_t files) {
  if (files == 0) return;
  if (count == 0 || path < example) example = path;  // whatever order a file system lists in
  count += files;
  kinds[kind] += files;
}

void UnreadFiles::Add(const UnreadFiles& other) {
  for (const auto& [kind, files] : other.kinds) Add(kind, other.example, files);
}

std::string UnreadFiles::Text() const {
  constexpr size_t kKinds = 5;
  std::vector<std::pair<int64_t, std::string>> most;
  for (const auto& [kind, files] : kinds) {
    most.emplace_back(-files, kind.empty() ? "without extension" : kind);
  }
  std::sort(most.begin(), most.end());
  std::string text = std::to_string(count) + (count == 1 ? " file is" : " files are") + " not read";
  for (size_t i = 0; i < std::min(kKinds, most.size()); ++i) {
    text += (i == 0 ? ": " : ", ") + std::to_string(-most[i].first) + " " + most[i].second;
  }
  if (most.size() > kKinds) text += ", ...";
  return text + ", such as " + example;
}

FolderSplit ListSplit(const std::string& directory) {
  if (!IsFolder(directory)) throw Error(directory + ": there is no such folder");
  FolderSplit split;
  split.directory = directory;
  split.class_names = ListClasses(directory, split.unread);
  if (split.class_names.empty()) {
    throw Error(directory + ": has no folders; images belong into one folder per class");
  }
  ClassListing listing(directory, split.unread);
  for (size_t label = 0; label < split.class_names.size(); ++label) {
    const std::string& name = split.class_names[label];
    std::vector<std::string> files = listing.List(name);
    if (files.empty()) throw Error(directory + "/" + name + ": has no .jpg, .jpeg or .png images");
    for (std::string& file : files) {
      split.files.push_back({std::move(file), static_cast<int>(label)});
    }
  }
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
    const bool known = SameClasses(names, classes);
    if (known || SameClasses(names, trained)) {
      return ListTestFolder(directory, splits, i, known ? classes : trained);
    }
  }
  for (size_t i = 0; i < splits.size(); ++i) {
    const std::vector<std::string> names = ListClasses(directory + "/" + splits[i]);
    if (!names.empty() && !classes.empty() && FirstMissing(names, classes).empty()) {
      return ListTestFolder(directory, splits, i, classes);
    }
  }
  return ListTestFolder(directory, splits, FirstLabelled(directory, splits), {});
}

}  // namespace dse
