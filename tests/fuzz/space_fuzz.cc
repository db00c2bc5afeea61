// Fuzz target for the parser of spaces: any bytes either make a space or are refused with an Error.

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "core/error.h"
#include "core/json.h"
#include "sampler/candidate_drawer.h"
#include "sampler/space.h"
#include "tests/fuzz/fuzz_target.h"

namespace dse {
namespace {

constexpr int64_t kCandidates = 16;

// What every space that is let in promises: its resolved document means the same space, and its
// models can be written and read.
void CheckSpace(const Space& space) {
  const Space again = Space::FromDocument(space.document(), "copy");
  if (again.document() != space.document()) std::abort();
  const uint64_t key = space.StreamKeyFor(1);
  if (again.StreamKeyFor(1) != key) std::abort();
  CandidateDrawer drawer(space.compiled(), key);
  Candidate candidate;
  for (int64_t number = 0; number < kCandidates; ++number) {
    if (!drawer.Draw(number, kAnyBand, candidate)) continue;
    const Json model = ModelToJson(ModelOf(space.compiled(), candidate));
    if (ModelToJson(ParseModel(model, "drawn")) != model) std::abort();
  }
}

}  // namespace
}  // namespace dse

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::optional<dse::Space> space;
  try {
    space.emplace(dse::Space::FromDocument(dse::ParseJson(text, "input"), "input"));
  } catch (const dse::Error&) {
    return 0;
  }
  dse::CheckSpace(*space);
  return 0;
}
