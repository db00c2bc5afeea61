#include "runner/data/class_map.h"

#include <catch2/catch.hpp>

#include "core/error.h"
#include "tests/support/temp_folder.h"

namespace dse::class_map_test {
namespace {

using Catch::Matchers::Contains;
using Names = std::vector<std::string>;

ClassList Network(const Names& names) {
  return {"the network", names, static_cast<int>(names.size())};
}
ClassList Nameless(int count) { return {"the network", {}, count}; }
ClassList Data(const Names& names) { return {"folder:x", names, static_cast<int>(names.size())}; }

// A naming with the lines of a file.
ClassNaming Said(const std::string& text) {
  const TempFolder folder;
  return ReadClassNaming(folder.Write("map.csv", text));
}

ClassNaming ByOrder() {
  ClassNaming naming;
  naming.by_order = true;
  return naming;
}

std::string Problem(const ClassList& network, const ClassList& data, const ClassNaming& naming) {
  try {
    MapClasses(network, data, naming);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("equal names match in any order") {
  const ClassMap map = MapClasses(Network({"cat", "dog", "eel"}), Data({"eel", "cat", "dog"}), {});
  CHECK(map.outputs == std::vector<int>{2, 0, 1});
  CHECK(map.tested == std::vector<int>{0, 1, 2});
  CHECK_FALSE(map.subset());
}

TEST_CASE("data with some of the classes are tested over these") {
  const ClassMap map = MapClasses(Network({"ant", "bee", "cat", "dog"}), Data({"dog", "bee"}), {});
  CHECK(map.outputs == std::vector<int>{3, 1});
  CHECK(map.tested == std::vector<int>{1, 3});
  CHECK(map.network_classes == 4);
  CHECK(map.subset());
  CHECK_THAT(Problem(Network({"ant", "bee"}), Data({"bee"}), {}),
             Contains("folder:x has one class of the network") ||
                 Contains("folder:x: has one class of the network"));
}

TEST_CASE("a class that the network has not is an error with the first names that differ") {
  const std::string text = Problem(Network({"n0000", "n0001"}), Data({"n0001", "17"}), {});
  CHECK_THAT(text, Contains("folder:x has the class '17', which the network has not"));
  CHECK_THAT(text, Contains("the first class of the network that is not there is 'n0000'"));
  CHECK_THAT(text, Contains("2 classes there, 2 here"));
  CHECK_THAT(text, Contains("--class-map FILE") && Contains("--classes-by-order"));
  CHECK_THAT(Problem(Network({"tabby", "lynx"}), Data({"Tabby", "Lynx"}), {}),
             Contains("'Tabby'") && Contains("did you mean 'tabby'?"));
  CHECK_THAT(Problem(Network({"a", "b"}), Data({"a", "b", "c"}), {}),
             Contains("'c'") && Contains("3 classes there, 2 here"));
}

TEST_CASE("a file says which class is which, several may be one, the others keep their names") {
  const ClassNaming naming = Said("\xEF\xBB\xBFlion,cat\r\n\n  tiger , cat \nwolf,dog\n");
  const ClassMap map =
      MapClasses(Network({"cat", "dog", "eel"}), Data({"eel", "lion", "tiger", "wolf"}), naming);
  CHECK(map.outputs == std::vector<int>{2, 0, 0, 1});
  CHECK(map.tested == std::vector<int>{0, 1, 2});
}

TEST_CASE("names with commas are read where that can be done in one way, and in quotes") {
  const Names ours{"n01440764", "great white, shark"}, theirs{"tench, Tinca tinca", "shark"};
  for (const char* text : {"tench, Tinca tinca,n01440764\nshark,great white, shark\n",
                           "\"tench, Tinca tinca\",n01440764\nshark,\"great white, shark\"\n"}) {
    CAPTURE(text);
    const ClassMap map = MapClasses(Network(ours), Data(theirs), Said(text));
    CHECK(map.outputs == std::vector<int>{0, 1});
  }
  const ClassList ambiguous = Data({"a", "a,b"});
  CHECK_THAT(Problem(Network({"b,c", "c"}), ambiguous, Said("a,b,c\n")),
             Contains("line 1: can be read in two ways"));
  CHECK(MapClasses(Network({"b,c", "c"}), ambiguous, Said("\"a,b\",c\na,\"b,c\"\n")).outputs ==
        std::vector<int>{0, 1});
}

TEST_CASE("what is wrong with a file of names is said with its line") {
  struct Row {
    const char* text;
    const char* message;
  };
  const Row rows[] = {
      {"lion,cat\nlion,dog\n", "map.csv: line 2: names the class 'lion' again, after line 1"},
      {"\nlionn,cat\n", "line 2: folder:x has no class 'lionn', did you mean 'lion'?"},
      {"lion,cats\n", "line 1: the network has no class 'cats', did you mean 'cat'?"},
      {"cat,lion\n", "line 1: folder:x has no class 'cat'"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK_THAT(Problem(Network({"cat", "dog"}), Data({"lion", "dog"}), Said(row.text)),
               Contains(row.message));
  }
  CHECK_THROWS_WITH(Said("lion;cat\n"), Contains("map.csv: line 1: has no comma"));
  CHECK_THROWS_WITH(Said("\n \n"), Contains("map.csv: has no line"));
  CHECK_THROWS_WITH(ReadClassNaming("/nowhere/map.csv"), Contains("/nowhere/map.csv"));
}

TEST_CASE("classes match by order where that is asked for and the counts are equal") {
  CHECK(MapClasses(Network({"a", "b", "c"}), Data({"0", "1", "2"}), ByOrder()).outputs ==
        std::vector<int>{0, 1, 2});
  CHECK_THAT(Problem(Network({"a", "b", "c"}), Data({"0", "1"}), ByOrder()),
             Contains("folder:x has 2") && Contains("the network has 3"));
}

TEST_CASE("a network without names needs to be told, by order or with numbers of outputs") {
  CHECK_THAT(Problem(Nameless(2), Data({"0", "1"}), {}), Contains("carry no class names") &&
                                                             Contains("--classes-by-order") &&
                                                             Contains("--class-map"));
  CHECK(MapClasses(Nameless(2), Data({"x", "y"}), ByOrder()).outputs == std::vector<int>{0, 1});
  CHECK(MapClasses(Nameless(3), Data({"x", "y"}), Said("x,2\ny,0\n")).tested ==
        std::vector<int>{0, 2});
  CHECK_THAT(Problem(Nameless(3), Data({"x", "y"}), Said("x,3\n")),
             Contains("line 1: '3' is no number from 0 to 2"));
  CHECK_THAT(Problem(Nameless(3), Data({"0", "1"}), Said("0,1\n")),
             Contains("says nothing of the class '1'"));
}

TEST_CASE("names told twice in one list are an error") {
  CHECK_THAT(Problem(Network({"a", "a"}), Data({"a", "b"}), {}), Contains("the class 'a' twice"));
}

TEST_CASE("what was said of names is part of what a test is") {
  CHECK(ClassNaming{}.Identity().empty());
  CHECK(ByOrder().Identity() != Said("a,b\n").Identity());
  CHECK(Said("a,b\n").Identity() == Said("\n a,b \n").Identity());
  CHECK(Said("a,b\n").Identity() != Said("a,c\n").Identity());
}

TEST_CASE("names that are all numbers are in the order of the numbers") {
  Names numbers{"10", "2", "0", "1", "01"};
  CHECK(NumbersOutOfByteOrder({"0", "2", "10"}));
  CHECK_FALSE(NumbersOutOfByteOrder({"0", "1", "2"}));
  SortClassNames(numbers);
  CHECK(numbers == Names{"0", "01", "1", "2", "10"});
  Names large{"18446744073709551617", "18446744073709551616", "9"};
  SortClassNames(large);
  CHECK(large == Names{"9", "18446744073709551616", "18446744073709551617"});
  Names mixed{"10", "2", "n1"};
  SortClassNames(mixed);
  CHECK(mixed == Names{"10", "2", "n1"});
  CHECK_FALSE(NumbersOutOfByteOrder({"b", "a"}));
}

}  // namespace dse::class_map_test
