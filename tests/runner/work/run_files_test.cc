#include "runner/work/run_files.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/temp_folder.h"

namespace dse::run_files_test {
namespace {

const std::string kKey = "0123456789abcdef";
const std::string kOther = "fedcba9876543210";

// "checkpoint KEY .previous in place" for each.
std::vector<std::string> Lines(const std::string& folder) {
  std::vector<std::string> lines;
  for (const RunFile& file : ListRunFiles(folder)) {
    const char* const states[] = {"in place", "attempt", "replaced", "partial"};
    lines.push_back((file.kind == RunFile::Kind::kWeights ? "weights " : "checkpoint ") + file.key +
                    " " + std::filesystem::path(file.path).filename().string().substr(28) + " " +
                    states[static_cast<int>(file.state)]);
  }
  return lines;
}

}  // namespace

TEST_CASE("files of runs are told by their names, and others are nobody's here") {
  const TempFolder folder;
  CHECK(ListRunFiles(folder.path()).empty());
  const std::string file = kKey + ".safetensors";
  for (const char* end : {"", ".previous", ".fresh", ".fresh.new-12", ".new-3", ".copy", ".old",
                          ".attempt-1", ".new-", ".new-x", ".previous.bak"}) {
    folder.Write("checkpoints/" + file + end, "x");
  }
  for (const char* end : {"", ".attempt-2", ".attempt-2.new-9", ".attempt-2.bak", ".replaced-1",
                          ".replaced-", ".previous", ".bak"}) {
    folder.Write("weights/" + file + end, "x");
  }
  folder.Write("weights/" + kOther + ".safetensors.attempt-1", "x");
  folder.Write("weights/notes.txt", "x");
  folder.Write("weights/0123456789ABCDEF.safetensors", "x");
  folder.Write("weights/" + kKey + "0.safetensors", "x");
  CHECK(Lines(folder.path()) ==
        std::vector<std::string>{
            "checkpoint " + kKey + "  in place", "checkpoint " + kKey + " .copy partial",
            "checkpoint " + kKey + " .fresh in place",
            "checkpoint " + kKey + " .fresh.new-12 partial",
            "checkpoint " + kKey + " .new-3 partial", "checkpoint " + kKey + " .previous in place",
            "weights " + kKey + "  in place", "weights " + kKey + " .attempt-2 attempt",
            "weights " + kKey + " .attempt-2.new-9 partial",
            "weights " + kKey + " .replaced-1 replaced",
            "weights " + kOther + " .attempt-1 attempt"});
  const std::map<std::string, RunFiles> runs = FindRunFiles(folder.path());
  REQUIRE(runs.size() == 2);
  CHECK(runs.at(kKey).checkpoints.size() == 6);
  const std::string whole = folder / ("checkpoints/" + kKey + ".safetensors");
  CHECK(runs.at(kKey).whole_checkpoints ==
        std::vector<std::string>{whole, whole + ".fresh", whole + ".previous"});
  CHECK(runs.at(kKey).weights.size() == 4);
  CHECK(runs.at(kKey).has_weights);
  CHECK_FALSE(runs.at(kOther).has_weights);
  CHECK(RemoveRunFiles(folder.path(), {kKey}) == 10);
  CHECK(std::filesystem::exists(folder / ("weights/" + file + ".bak")));
}

}  // namespace dse::run_files_test
