#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include "core/error.h"
#include "runner/data/dataset.h"
#include "runner/data/pack_writer.h"
#include "tests/support/failing_calls.h"
#include "tests/support/temp_folder.h"
#include "tests/support/toy_dataset.h"

namespace dse::pack_fault_test {
namespace {

bool GoOn(int64_t, int64_t) { return true; }

std::vector<std::string> FilesIn(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

const std::vector<std::string> kWhole = {"p", "p.0000", "p.0001", "p.0002"};

}  // namespace

TEST_CASE("whatever write, synchronisation or rename fails, a pack is there whole or not at all",
          "[fault]") {
  using Call = FailingCalls::Call;
  const ToyDataset data(24, 10);
  FailingCalls calls;
  int failures = 0;
  const auto fail_one = [&](Call call, int nth, int reason, bool replace) {
    const TempFolder folder;
    const std::string path = folder / "p";
    PackOptions options;
    options.shard_bytes = 10'000;
    if (replace) WritePack(data, path, options, GoOn);
    options.replace = replace;
    calls.FailAt(call, nth, reason, false);
    std::string message;
    try {
      WritePack(data, path, options, GoOn);
    } catch (const Error& error) {
      message = error.what();
    }
    if (!calls.Stop()) return false;
    CAPTURE(static_cast<int>(call), nth, reason, replace, message);
    CHECK_THAT(message, Catch::StartsWith(path) && Catch::Contains(" cannot be "));
    if (reason == ENOSPC) CHECK_THAT(message, Catch::Contains("free some space"));
    const std::vector<std::string> left = FilesIn(folder.path());
    if (!left.empty()) CHECK((replace && left == kWhole));
    if (!left.empty()) CHECK(OpenDataset("pack:" + path, 1)->Size(Split::kTrain) == 24);
    CHECK(WritePack(data, path, options, GoOn).finished);
    CHECK(OpenDataset("pack:" + path, 1)->Size(Split::kTest) == 10);
    ++failures;
    return true;
  };
  for (const Call call : {Call::kOpen, Call::kWrite, Call::kSync, Call::kRename}) {
    for (const int reason : {ENOSPC, EIO}) {
      for (const bool replace : {false, true}) {
        for (int nth = 1; fail_one(call, nth, reason, replace);) ++nth;
      }
    }
  }
  CHECK(failures > 60);
}

}  // namespace dse::pack_fault_test
