#pragma once

#include <string>
#include <utility>
#include <vector>

namespace dse {

// What a user says of classes that two lists name differently.
struct ClassNaming {
  bool by_order = false;  // the lists are in the same order whatever their names
  std::string file;       // what the lines are of; "" where no file was given
  std::vector<std::pair<int, std::string>> lines;  // number from 1 and text; none is empty

  // The same for equal answers, "" where nothing was said: a test under it is another test.
  std::string Identity() const;
  // For people: "by order", "FILE (digits that its lines come to)"; "" where nothing was said.
  std::string Text() const;
};

// Lines `their name,our name`: a class of the data and the class of the network that it is. A name
// may stand in double quotes, and may have commas where only one way of reading the line gives two
// classes that exist. Empty lines are left out. Throws Error: unreadable, a line without a comma,
// no line.
ClassNaming ReadClassNaming(const std::string& path);

// A list of classes and whose it is.
struct ClassList {
  std::string owner;               // for messages: "folder:photographs", "run 3"
  std::vector<std::string> names;  // empty where they are not known
  int count = 0;
};

// Which outputs of a network the classes of the data are.
struct ClassMap {
  std::vector<int> outputs;  // of each class of the data
  std::vector<int> tested;   // the outputs that a class is, ascending: answers are among these
  int network_classes = 0;
  bool subset() const { return static_cast<int>(tested.size()) < network_classes; }
};

// Equal names match in any order; data that have only some of the network's classes are tested over
// these. Several classes of the data may be one of the network's where the naming's file says so.
// A network whose names are not known needs a naming: by order, or a file that gives numbers of
// outputs, from 0, for every class. Throws Error, with the first names that differ and what to do:
// a class that the network has not, a line that names an unknown class or the same one twice,
// unequal counts by order, fewer than two classes to choose from.
ClassMap MapClasses(const ClassList& network, const ClassList& data, const ClassNaming& naming);

// Whether `names` are all of digits, and so ordered by their numbers, and that is not the order of
// their bytes: 2 before 10. Versions that kept no names had the order of bytes here too.
bool NumbersOutOfByteOrder(const std::vector<std::string>& names);

// Sorts names by their bytes; by number, where all are of digits.
void SortClassNames(std::vector<std::string>& names);

}  // namespace dse
