#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <string>

#include "core/error.h"
#include "tests/runner/training/toy_training.h"
#include "tests/support/failing_calls.h"
#include "tests/support/sanitized.h"

namespace dse::failing_disk_test {
namespace {

namespace fs = std::filesystem;
using Call = FailingCalls::Call;

void CheckSentence(const std::string& message, int reason) {
  CHECK_THAT(message, Catch::Contains("cannot be written") ||
                          Catch::Contains("cannot be replaced") ||
                          Catch::Contains("cannot be synchronised"));
  if (reason == ENOSPC) CHECK_THAT(message, Catch::Contains("free some space"));
}

// Trains with the nth call failing, then without. False where there are fewer calls.
bool FailOne(FailingCalls& calls, Call call, int64_t nth, int reason, bool from_then_on,
             const ToyTraining& whole) {
  ToyTraining training;
  calls.FailAt(call, nth, reason, from_then_on);
  std::string message;
  try {
    training.Run();
  } catch (const Error& error) {
    message = error.what();
    CHECK(error.fault() == Fault::kMachine);
    CHECK_THAT(message, Catch::StartsWith(training.checkpoint()));
  }
  if (!calls.Stop()) return false;
  CAPTURE(static_cast<int>(call), nth, reason, from_then_on, message);
  if (message.empty()) {  // a result is worth more than its weights
    REQUIRE(training.warnings.size() == 1);
    message = training.warnings.front();
    CHECK_THAT(message, Catch::StartsWith("its weights are not kept: " + training.weights()));
    const bool renamed = message.find("cannot be synchronised") != message.npos;
    CHECK(BytesOf(training.weights()).empty() != renamed);
  }
  CheckSentence(message, reason);
  const std::string folder = fs::path(training.checkpoint()).parent_path().string();
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    CHECK(entry.path().string().find(".new-") == std::string::npos);
  }
  training.Run();
  CHECK(training.warnings.empty());
  CHECK(training.Numbers() == whole.Numbers());
  CHECK(BytesOf(training.weights()) == BytesOf(whole.weights()));
  return true;
}

TEST_CASE(
    "whatever write, synchronisation or rename fails, a training goes on from a whole "
    "checkpoint and ends the same",
    "[fault]") {
  ToyTraining whole;
  whole.Run();
  FailingCalls calls;
  int64_t failures = 0;
  for (const Call call : {Call::kOpen, Call::kWrite, Call::kSync, Call::kRename}) {
    for (const int reason : {ENOSPC, EIO, EROFS}) {
      for (const bool from_then_on : {false, true}) {
        const int64_t before = failures;
        for (int64_t nth = 1; FailOne(calls, call, nth, reason, from_then_on, whole);
             nth += kEveryPlace) {
          ++failures;
        }
        CHECK(failures > before);
      }
    }
  }
  CHECK(failures > 40 / kEveryPlace);
}

}  // namespace
}  // namespace dse::failing_disk_test
