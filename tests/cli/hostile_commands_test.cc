#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/cli/hostile.h"
#include "tests/runner/data/images/jpeg_writer.h"

// Files, folders, classes and rows of hostile names, through every command: what is said of them
// can be shown, in as many lines as of plain names, and nothing is executed.

namespace dse::hostile_commands_test {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;

std::string ModelNamed(const std::string& name) {
  return R"({"type":"anynet","stem":"cifar","resolution":32,"classes":10,"depths":[1,1],)"
         R"("widths":[16,32],"group_widths":16,"name":)" +
         Json(name).dump() + "}";
}

Image Grey() { return {8, 8, std::vector<uint8_t>(8 * 8 * 3, 128)}; }

// A folder in which everything has this name: a results file, a shard that says something else, one
// that cannot be read, files that no run needs, images.
class NamedPlace {
 public:
  explicit NamedPlace(const std::string& name) : name_(name), place_("d " + name + "/") {
    Import(db(), "30", "1");
    Import(shard(), "40", "2");
    folder_.Write(place_ + name + ".db.shards/" + name + ".db", "no database");
    folder_.Write(place_ + name + ".db.d/weights/0123456789abcdef.safetensors", "of no run");
    folder_.Write(place_ + "m.json", ModelNamed(name));
    folder_.Write(place_ + "s.json", R"({"base":"RegNetX","name":)" + Json(name).dump() + "}");
    for (const char* split : {"train", "val"}) {
      folder_.Write(place_ + name + "/" + split + "/" + name + "/" + name + ".jpg",
                    EncodeRgb(Grey()));
      folder_.Write(place_ + "corrupt/" + split + "/" + name + "/" + name + ".jpg", "no image");
    }
  }

  std::string Path(const std::string& file) const { return folder_ / (place_ + file); }
  std::string db() const { return Path(name_ + ".db"); }
  std::string shard() const { return Path("shard " + name_ + ".db"); }

  // What is called, in this order.
  std::vector<Words> Commands() const;

 private:
  // Two runs, one of which failed; all words of their rows are the name.
  void Import(const std::string& path, const std::string& error, const std::string& value) const {
    const std::string field = CsvField(name_);
    const std::string csv = "population,recipe,dataset,seed,state,error,model," + field + "\r\n" +
                            field + "," + field + "," + field + ",0,done," + error + "," +
                            CsvField(ModelNamed(name_)) + "," + value + "\r\n";
    Text({"import", "--db", path, folder_.Write(place_ + name_ + ".csv", csv)});
    const std::string text = SqlText(name_);
    Query(path, "UPDATE runs SET message = " + text + ", host = " + text + ", device = " + text +
                    ", engine = " + text + ", data_uri = " + text + ", precision = " + text +
                    " RETURNING id");
    Query(path,
          "INSERT INTO attempts(run_id, attempt, owner, host, device, started_at, ended_at,"
          " outcome, message) SELECT id, 1, " +
              text + ", " + text + ", " + text + ", 1, 2, 'done', " + text +
              " FROM runs RETURNING run_id");
  }

  TempFolder folder_;
  std::string name_, place_;
};

std::vector<Words> NamedPlace::Commands() const {
  const std::string population = "--population=" + name_;
  std::vector<Words> commands{
      {"status", "--db", db()},
      {"runs", "list", "--db", db()},
      {"runs", "show", "--db", db(), population},
      {"runs", "show", "--db", db(), population, "--state=" + name_},
      {"analyze", "--db", db(), "--html", Path(name_ + ".html"), "--csv", Path("csv " + name_)},
      {"verify", "--db", db(), "--deep"},
      {"verify", "--db", db(), "--clean"},
      {"merge", "--db", db(), shard(), "--move-files"},
      {"merge", "--db", db(), "--prefer", "newest", shard()},
      {"merge", "--db", db(), Path("no such " + name_)},
      {"merge", "--db", db(), db() + ".shards"},
      {"inspect", Path("m.json"), "--svg", Path(name_ + ".svg")},
      {"inspect", Path(name_ + ".csv")},
      {"add", "--db", db(), "--population=more " + name_, Path("m.json")},
      {"add", "--db", db(), "--population=best " + name_, "--best", "1", "--from=" + name_},
      {"space", "size", Path("s.json")},
      {"sample", "--space", Path("s.json"), "-n", "1", "--flops", "1:2", "--max-tries", "10"},
      {"train", "--db", db(), "--data", "synthetic", "--recipe", Path("m.json"), "--dry-run"},
      {"train", "--db", db(), "--data", "folder:" + Path("corrupt"), "--dry-run"},
      {"pack", "--data", "folder:" + Path(name_), "--out", Path(name_ + ".pack"), "-q"},
      {"pack", "--data", "folder:" + Path("corrupt"), "--out", Path("c.pack")},
      {"eval", "--db", db(), "--data", "pack:" + Path(name_ + ".pack"), population},
      {"eval", "--db", db(), "--data", "folder:" + Path("none"), "--class-map", Path("m.json")},
      {"runs", "retry", "--db", db(), population, "--state", "done"},
      {"runs", "cancel", "--db", db(), population},
      {"runs", "forget", "--db", db(), population},
      {"status", "--db", Path("no such " + name_)},
      {"status", "--db", db(), "--" + name_},
      {name_},
  };
  for (const char* format : {"csv", "jsonl", "sweep-json"}) {
    commands.push_back(
        {"export", "--db", db(), "--format", format, "--out", Path(name_ + "." + format)});
  }
  commands.push_back({"export", "--db", db(), "--format", "pycls-yaml", "--out", Path("yaml")});
  return commands;
}

struct Said {
  int code = 0;
  int64_t out = 0, err = 0;  // lines
  friend bool operator==(const Said&, const Said&) = default;
};

std::ostream& operator<<(std::ostream& out, const Said& said) {
  return out << "code " << said.code << ", " << said.out << " and " << said.err << " lines";
}

std::vector<Said> Say(const NamedPlace& place) {
  std::vector<Said> all;
  for (const Words& words : place.Commands()) {
    const ProcessResult result = Dse(words);
    INFO(words.front() << ": " << result.out << result.err);
    CheckPrintable(result.out);
    CheckPrintable(result.err);
    all.push_back(
        {result.code, std::ranges::count(result.out, '\n'), std::ranges::count(result.err, '\n')});
  }
  return all;
}

}  // namespace

TEST_CASE("whatever things are called, commands say as much of them", "[cli][hostile]") {
  const NamedPlace plain("plain");
  const std::vector<Said> expected = Say(plain);
  for (const std::string& name : HostileFileNames()) {
    const NamedPlace place(name);
    const std::vector<Said> said = Say(place);
    REQUIRE(said.size() == expected.size());
    for (size_t i = 0; i < said.size(); ++i) {
      INFO(Json(name).dump() << ": " << Json(place.Commands()[i]).dump());
      CHECK(said[i] == expected[i]);
    }
    CHECK(Query(place.db(), "PRAGMA integrity_check") == "ok");
    CHECK_FALSE(fs::exists("executed"));
  }
}

TEST_CASE("rows that are no text are shown, exported and found", "[cli][hostile]") {
  const TempFolder folder;
  const std::string db = folder / "a.db";
  Text({"add", "--db", db, "--population", "p", folder.Write("m.json", ModelNamed("m"))});
  Query(db, "UPDATE populations SET name = CAST(x'ff1b5b0a' AS TEXT) RETURNING id");
  Query(db, "UPDATE members SET name = CAST(x'fe1b5b0a' AS TEXT) RETURNING id");
  Text({"status", "--db", db});
  CHECK_THAT(Text({"verify", "--db", db}, 1), Contains("population '\\xff\\x1b[\\n'"));
  Text({"export", "--db", db, "--format", "pycls-yaml", "--out", folder / "yaml"});
  int files = 0;
  for (const auto& file : fs::directory_iterator(folder / "yaml")) {
    CheckPrintable(ReadFile(file.path()));
    ++files;
  }
  CHECK(files == 1);
}

TEST_CASE("files whose names are no text are shown where folders are read", "[cli][hostile]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "1");
  folder.Write("s.db.shards/\xff\x1b.db", "no database");
  folder.Write("s.db.shards/1.db.d/weights/0123456789abcdef.safetensors", "of no run");
  fs::copy_file(db, folder / "s.db.shards/\xfe\n.db");
  CHECK_THAT(Text({"status", "--db", db}), Contains("\\xff\\x1b.db left out"));
  Document({"status", "--db", db, "--json"});
  CHECK_THAT(Text({"verify", "--db", db}, 1), Contains("\\xfe\\n.db: "));
  Text({"merge", "--db", db, db + ".shards"}, 1);
  fs::remove(folder / "s.db.shards/\xff\x1b.db");
  CHECK_THAT(Text({"merge", "--db", db, db + ".shards"}), Contains("\\xfe\\n.db: "));
  for (const char* split : {"train", "val"}) {
    folder.Write(std::string(split) + "/\xff\x1b/\xfe\n.jpg", "no image");
  }
  Text({"pack", "--data", "folder:" + folder.path(), "--out", folder / "p"}, 1);
  CHECK_FALSE(fs::exists(folder / "p"));
}

}  // namespace dse::hostile_commands_test
