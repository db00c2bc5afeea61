#pragma once

#include <string>
#include <vector>

namespace dse {

// One image file of a split.
struct FolderFile {
  std::string name;  // CLASS/FILE
  int label = 0;
};

// A split of an image folder: DIR/<class>/*.jpg, files in byte order of their names, classes too
// or, where all are numbers, in the order of these. Names that begin with a dot are no images and
// no classes.
struct FolderSplit {
  std::string directory;
  std::vector<std::string> class_names;
  std::vector<FolderFile> files;
  std::string Path(const FolderFile& file) const { return directory + "/" + file.name; }
};

// Throws Error: no such folder, no class folder, a class without images.
FolderSplit ListSplit(const std::string& directory);

// The same with classes in byte order, numbers too: what older versions made of it.
FolderSplit InByteOrder(FolderSplit split);

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
// whose classes are all among `classes`, or are those of DIR/train, or, where there is none, the
// first with images of more than one class. Where DIR has none of the folders test, val and train,
// its own folders are the classes. Throws Error: no such folder, no class folder, a class without
// images.
TestFolder FindTestFolder(const std::string& directory, const std::string& split,
                          const std::vector<std::string>& classes);

}  // namespace dse
