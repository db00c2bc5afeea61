#include "cli/model_lines.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/rng.h"
#include "tests/support/random_model.h"

namespace dse::model_lines_test {
namespace {

using OrderedJson = nlohmann::ordered_json;

Draw RandomDraw(BlockType block, RandomStream& random) {
  Draw draw;
  draw.index = static_cast<int64_t>(random.Below(1'000'000));
  draw.candidate = static_cast<int64_t>(random.Below(1'000'000'000));
  draw.model = RandomModel(block, random);
  if (random.Coin()) draw.model.name = "caf\u00e9 \"1\"";
  draw.hash = ModelHash(draw.model);
  draw.complexity = CountComplexity(draw.model);
  if (random.Coin()) draw.overrides.lr = random.Uniform(0.01, 1);
  if (random.Coin()) draw.overrides.weight_decay = 5e-5;
  return draw;
}

TEST_CASE("the lines of sample and inspect are what the JSON library prints", "[cli]") {
  for (const Word<BlockType>& block : kBlockWords) {
    RandomStream random(StreamKey(8, "lines"), static_cast<uint64_t>(block.value));
    for (int i = 0; i < 200; ++i) {
      const Draw draw = RandomDraw(block.value, random);
      OrderedJson line;
      line["index"] = draw.index;
      line["candidate"] = draw.candidate;
      line["hash"] = draw.hash;
      line["model"] = ModelToJson(draw.model);
      line["overrides"] = Json::object();
      if (draw.overrides.lr) line["overrides"]["lr"] = *draw.overrides.lr;
      if (draw.overrides.weight_decay) line["overrides"]["weight_decay"] = 5e-5;
      line["flops"] = draw.complexity.flops;
      line["params"] = draw.complexity.params;
      line["acts"] = draw.complexity.acts;
      REQUIRE(DrawLine(draw) == line.dump());

      OrderedJson inspected;
      inspected["name"] = draw.model.name;
      for (const char* key : {"hash", "model", "flops", "params", "acts"}) {
        inspected[key] = line[key];
      }
      const double e_fit = i == 0 ? 0 : random.Uniform();
      inspected["fit"] = {{"w0", 24}, {"wa", 24.5}, {"wm", 2.54}, {"e_fit", e_fit}};
      REQUIRE(InspectLine(draw.model, Fit{24, 24.5, 2.54, e_fit}) == inspected.dump());
    }
  }
}

}  // namespace
}  // namespace dse::model_lines_test
