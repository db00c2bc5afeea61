#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace dse {

// One image file of a split.
struct FolderFile {
  std::string name;  // CLASS/FILE, or CLASS/SUB/FILE in a folder below
  int label = 0;
};

// Files beside the images that are not read: other names, and links back to a folder above.
struct UnreadFiles {
  int64_t count = 0;
  std::map<std::string, int64_t> kinds;  // by extension, in lower case
  std::string example;                   // a path
  void Add(const std::string& kind, const std::string& path, int64_t files = 1);
  void Add(const UnreadFiles& other);
  // "12 files are not read: 10 .webp, 2 .txt, such as DIR/a/b.webp"
  std::string Text() const;
};

// A split of an image folder, as torchvision's ImageFolder reads it: a class is a folder in DIR,
// its images are the .jpg, .jpeg and .png files (in any case) at any depth below, links followed.
// Classes and the names of files are in byte order. Names that begin with a dot are no images and
// no classes.
struct FolderSplit {
  std::string directory;
  std::vector<std::string> class_names;
  std::vector<FolderFile> files;
  UnreadFiles unread;
  std::string Path(const FolderFile& file) const { return directory + "/" + file.name; }
};

// Throws Error: no such folder, no class folder, a class without images, a folder that cannot be
// listed.
FolderSplit ListSplit(const std::string& directory);

// DIR/test, or DIR/val where there is no test. Throws Error if there is neither.
std::string FindTestFolder(const std::string& directory);

// Throws Error that names a class only one of them has.
void CheckSameClasses(const FolderSplit& train, const FolderSplit& test);

}  // namespace dse
