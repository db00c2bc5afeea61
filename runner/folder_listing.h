#pragma once

#include <string>
#include <vector>

namespace dse {

// One image file of a split.
struct FolderFile {
  std::string name;  // CLASS/FILE
  int label = 0;
};

// A split of an image folder: DIR/<class>/*.jpg, classes and files in byte order of their names.
// Names that begin with a dot are no images and no classes.
struct FolderSplit {
  std::string directory;
  std::vector<std::string> class_names;
  std::vector<FolderFile> files;
  std::string Path(const FolderFile& file) const { return directory + "/" + file.name; }
};

// Throws Error: no such folder, no class folder, a class without images.
FolderSplit ListSplit(const std::string& directory);

// DIR/test, or DIR/val where there is no test. Throws Error if there is neither.
std::string FindTestFolder(const std::string& directory);

// Throws Error that names a class only one of them has.
void CheckSameClasses(const FolderSplit& train, const FolderSplit& test);

}  // namespace dse
