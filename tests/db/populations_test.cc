#include "db/populations.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "db/sqlite/connection.h"
#include "tests/db/fixtures.h"
#include "tests/support/temp_folder.h"

namespace dse::populations_test {
namespace {

using Catch::Matchers::Contains;

TEST_CASE("a population comes back as it was stored") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  std::vector<Draw> draws = MakeDraws(3);
  draws[1].overrides = {0.3, 1e-4};
  draws[2].model.name = "mine";
  CHECK(StorePopulation(db, MakePopulation("p"), draws).inserted == 3);

  const std::vector<PopulationSummary> list = ListPopulations(db);
  REQUIRE(list.size() == 1);
  CHECK(list[0].members == 3);
  CHECK(list[0].record.name == "p");
  CHECK(list[0].record.origin == "sampled");
  CHECK(list[0].record.space_name == "RegNetX");
  CHECK(list[0].record.space_document == R"({"name":"RegNetX"})");
  CHECK(list[0].record.seed == 1u);
  CHECK(list[0].record.band == Band{1'000'000, 2'000'000});
  CHECK(list[0].record.candidates == 100);
  CHECK(list[0].record.sampler_version == 1);

  const std::vector<StoredMember> members = LoadMembers(db, {});
  REQUIRE(members.size() == 3);
  for (size_t i = 0; i < 3; ++i) {
    const Draw& stored = members[i].draw;
    CHECK(members[i].population == "p");
    CHECK(stored.index == draws[i].index);
    CHECK(stored.candidate == draws[i].candidate);
    CHECK(stored.hash == draws[i].hash);
    CHECK(stored.complexity == draws[i].complexity);
    CHECK(stored.overrides == draws[i].overrides);
    CHECK(stored.model.name == draws[i].model.name);
    CHECK(stored.model.frame == draws[i].model.frame);
    CHECK(stored.model.stages == draws[i].model.stages);
    CHECK(stored.model.regnet == draws[i].model.regnet);
  }
}

TEST_CASE("models of every kind of block come back with what their block has") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  std::vector<Draw> draws;
  for (
      const char* text :
      {R"({"type":"anynet","block":"Y","depths":[1,2],"widths":[32,64],"bottleneck":[1,2],"group_widths":[8,16]})",
       R"({"type":"anynet","block":"R","depths":[1,2],"widths":[32,64],"bottleneck":0.25})",
       R"({"type":"anynet","block":"V","depths":[1,2],"widths":[32,64],"activation":"swish"})"}) {
    Draw draw;
    draw.index = static_cast<int64_t>(draws.size());
    draw.model = ParseModel(ParseJson(text, "test"), "test");
    draw.hash = ModelHash(draw.model);
    draw.complexity = CountComplexity(draw.model);
    draws.push_back(draw);
  }
  StorePopulation(db, MakePopulation("p"), draws);
  const std::vector<StoredMember> members = LoadMembers(db, {});
  REQUIRE(members.size() == 3);
  for (size_t i = 0; i < 3; ++i) CHECK(ModelHash(members[i].draw.model) == draws[i].hash);
  sqlite::Connection& connection = db.impl().connection;
  CHECK(connection.QueryInt("SELECT count(*) FROM stages WHERE group_width IS NOT NULL") == 2);
  CHECK(connection.QueryInt("SELECT count(*) FROM stages WHERE bottleneck IS NOT NULL") == 4);
  CHECK(connection.QueryInt("SELECT count(*) FROM stages WHERE kernel IS NOT NULL") == 0);
}

TEST_CASE("the same arguments extend a population, and a shorter list changes nothing") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  PopulationRecord population = MakePopulation("p");
  StorePopulation(db, population, MakeDraws(3));
  population.candidates = 200;
  const StoreSummary more = StorePopulation(db, population, MakeDraws(5));
  CHECK(more.existing == 3);
  CHECK(more.inserted == 2);
  population.candidates = 50;
  const StoreSummary fewer = StorePopulation(db, population, MakeDraws(2));
  CHECK(fewer.existing == 2);
  CHECK(fewer.inserted == 0);
  CHECK(ListPopulations(db)[0].members == 5);
  CHECK(ListPopulations(db)[0].record.candidates == 200);
}

TEST_CASE("another population of the same name is refused and the difference named") {
  const TempFolder folder;
  const std::string path = folder / "a.db";
  Database db = Database::Open(path, OpenMode::kCreate);
  StorePopulation(db, MakePopulation("p"), MakeDraws(2));
  const auto message = [&](auto change) {
    PopulationRecord population = MakePopulation("p");
    change(population);
    return MessageOf([&] { StorePopulation(db, population, MakeDraws(4)); });
  };
  CHECK(message([](PopulationRecord& p) { p.seed = 2; }) ==
        path +
            ": population 'p' was made with seed 1, not with seed 2; choose another name or the "
            "same arguments");
  CHECK_THAT(message([](PopulationRecord& p) { p.seed.reset(); }), Contains("not with no seed"));
  CHECK_THAT(message([](PopulationRecord& p) { p.band->high = 3'000'000; }),
             Contains("with band 1M:2M, not with band 1M:3M"));
  CHECK_THAT(message([](PopulationRecord& p) { p.space_name = "AnyNetXA"; }),
             Contains("space 'RegNetX', not with 'AnyNetXA'"));
  CHECK_THAT(message([](PopulationRecord& p) { p.space_document = "{}"; }),
             Contains("other options"));
  CHECK_THAT(message([](PopulationRecord& p) { p.origin = "named"; }),
             Contains("population 'p' was drawn from space 'RegNetX', not named by hand; the two "
                      "cannot be mixed"));
  CHECK_THAT(message([](PopulationRecord& p) { p.sampler_version = 2; }),
             Contains("sampler version"));
  CHECK(ListPopulations(db)[0].members == 2);
}

TEST_CASE("a stored member that differs from the draw stops everything") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  StorePopulation(db, MakePopulation("p"), MakeDraws(2));
  std::vector<Draw> other = MakeDraws(4);
  SECTION("another network") { other[1] = MakeDraws(6)[5], other[1].index = 1; }
  SECTION("another candidate") { other[1].candidate = 4; }
  SECTION("another learning rate") { other[1].overrides.lr = 0.2; }
  CHECK_THAT(MessageOf([&] { StorePopulation(db, MakePopulation("p"), other); }),
             Contains("member 1 of population 'p' is stored as"));
  CHECK(ListPopulations(db)[0].members == 2);
}

TEST_CASE("gaps and networks drawn twice are refused as a whole") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  std::vector<Draw> draws = MakeDraws(3);
  draws[2].index = 5;
  CHECK_THAT(MessageOf([&] { StorePopulation(db, MakePopulation("p"), draws); }),
             Contains("member 5") && Contains("cannot follow member 1"));
  draws = MakeDraws(3);
  draws[2] = draws[0];
  draws[2].index = 2;
  CHECK_THAT(MessageOf([&] { StorePopulation(db, MakePopulation("p"), draws); }),
             Contains("the same network as an earlier member"));
  CHECK(ListPopulations(db).empty());
  draws[2].overrides.lr = 0.1;  // with its own learning rate it is another member
  CHECK(StorePopulation(db, MakePopulation("p"), draws).inserted == 3);
  CHECK(db.impl().connection.QueryInt("SELECT count(*) FROM models") == 2);
}

TEST_CASE("a seed above 2^63 - 1 is refused") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  PopulationRecord population = MakePopulation("p");
  population.seed = uint64_t{1} << 63;
  CHECK_THAT(MessageOf([&] { StorePopulation(db, population, {}); }),
             Contains("seed 9223372036854775808 is too large"));
  population.seed = (uint64_t{1} << 63) - 1;
  StorePopulation(db, population, {});
  CHECK(ListPopulations(db)[0].record.seed == (uint64_t{1} << 63) - 1);
}

TEST_CASE("members are read by population and index, and an unknown name suggests the nearest") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  StorePopulation(db, MakePopulation("first"), MakeDraws(2));
  PopulationRecord second = MakePopulation("second");
  StorePopulation(db, second, MakeDraws(3));
  CHECK(LoadMembers(db, {}).size() == 5);
  const std::vector<StoredMember> members = LoadMembers(db, std::vector<std::string>{"second"});
  REQUIRE(members.size() == 3);
  CHECK(members[2].draw.index == 2);
  CHECK_THAT(MessageOf([&] { LoadMembers(db, std::vector<std::string>{"secnd"}); }),
             Contains("no population 'secnd', did you mean 'second'?"));
}

}  // namespace
}  // namespace dse::populations_test
