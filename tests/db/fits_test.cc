#include "db/fits.h"

#include <catch2/catch.hpp>

#include "db/populations.h"
#include "db/sqlite/connection.h"
#include "tests/db/fixtures.h"
#include "tests/support/temp_folder.h"

namespace dse::fits_test {
namespace {

using Catch::Matchers::Contains;

TEST_CASE("fits are stored by model and grid, replaced, and refused for unknown models") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  const std::vector<Draw> draws = MakeDraws(1);
  StorePopulation(db, MakePopulation("p"), draws);
  using Pair = std::pair<std::string, Fit>;
  StoreFits(db, "grid", std::vector<Pair>{{draws[0].hash, {8, 16, 2, 0.5}}});
  StoreFits(db, "grid", std::vector<Pair>{{draws[0].hash, {8, 24, 2, 0.25}}});
  StoreFits(db, "finer", std::vector<Pair>{{draws[0].hash, {9, 24, 2, 0.2}}});
  CHECK(db.impl().connection.QueryInt("SELECT count(*) FROM fits") == 2);
  CHECK(db.impl().connection.QueryText("SELECT wa || ' ' || e_fit FROM fits WHERE grid = 'grid'") ==
        "24.0 0.25");
  CHECK_THAT(MessageOf([&] {
               StoreFits(db, "grid", std::vector<Pair>{{std::string(16, '0'), Fit{8, 8, 2, 0}}});
             }),
             Contains("no model 0000000000000000"));
}

}  // namespace
}  // namespace dse::fits_test
