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
// The names of files are in byte order, classes too or, where all are numbers, in the order of
// these. Names that begin with a dot are no images and
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

// The images to test on.
struct TestFolder {
  FolderSplit images;
  std::string split;               // test, val or train
  std::vector<std::string> notes;  // which folder was passed over, and why
};

// The first of DIR/test and DIR/val with the classes of `train`. Throws Error: there is neither; a
// class that only one of both has.
TestFolder FindTestFolder(const std::string& directory, const FolderSplit& train);

// For a test alone: DIR/<split> where a split is named. Else the first of DIR/test and DIR/val
// whose classes are `classes` or those of DIR/train; the first whose classes are all among
// `classes`; the first with images of more than one class. Where DIR has none of the folders test,
// val and train, its own folders are the classes. Throws Error: no such folder, no class folder, a
// class without images.
TestFolder FindTestFolder(const std::string& directory, const std::string& split,
                          const std::vector<std::string>& classes);

}  // namespace dse
