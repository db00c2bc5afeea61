#include <catch2/catch.hpp>

#include "db/fits.h"
#include "tests/db/trained_study.h"

namespace dse::views_test {
namespace {

using Catch::Matchers::Contains;

std::string Columns(Database& db, const std::string& view) {
  return db.impl().connection.QueryText("SELECT group_concat(name, ' ') FROM pragma_table_info('" +
                                        view + "')");
}

TEST_CASE("the views keep the columns people query") {
  TrainedStudy s;
  CHECK(Columns(s.db, "results") ==
        "population space model hash recipe dataset seed state error best_error flops params acts "
        "depth"
        " widths depths b g w0 wa wm lr wd seconds img_per_s e_fit micro_batch member member_id "
        "run_id precision");
  CHECK(Columns(s.db, "leaderboard") ==
        "population recipe dataset member model hash error lowest highest repeats flops params acts"
        " depth");
  CHECK(
      Columns(s.db, "progress") ==
      "population recipe dataset total pending running done diverged out_of_memory failed cancelled"
      " best_error mean_seconds");
  CHECK(Columns(s.db, "curves") ==
        "population recipe dataset member model hash seed epoch lr train_loss train_error test_loss"
        " test_error seconds");
}

TEST_CASE("results has a row for every member and run, lists as JSON text") {
  TrainedStudy s;
  CHECK(s.Text("SELECT count(*) FROM results") == "6");
  CHECK(s.Text("SELECT widths || depths || b || g FROM results WHERE member = 1") ==
        "[16,32][1,2][1,1][8,8]");
  CHECK(s.Text("SELECT w0 || ' ' || wa || ' ' || wm || ' ' || lr || ' ' || wd FROM results"
               " WHERE member = 2") == "24 24.5 2 0.7 5.0e-05");
  CHECK(s.Text("SELECT model FROM results WHERE member = 0") == "first");
  CHECK(s.Text("SELECT model FROM results WHERE member = 1") == s.draws[1].hash);
  // Without drawn parameters, those of the stored fit.
  s.db.impl().connection.Execute("UPDATE members SET parameters = NULL");
  StoreFits(s.db, kDefaultGridName,
            std::vector<std::pair<std::string, Fit>>{{s.draws[1].hash, {40, 48, 1.75, 0.5}}});
  CHECK(
      s.Text("SELECT w0 || ' ' || wa || ' ' || wm || ' ' || e_fit FROM results WHERE member = 1") ==
      "40.0 48.0 1.75 0.5");
}

TEST_CASE("the leaderboard has members by mean error, curves the last attempt") {
  TrainedStudy s;
  CHECK(
      s.Text(
          "SELECT group_concat(member || ':' || error || ':' || lowest || ':' || highest || ':' ||"
          " repeats, ' ') FROM leaderboard") == "0:35.0:30.0:40.0:2 1:50.0:50.0:50.0:1");
  CHECK(
      s.Text("SELECT group_concat(member || ':' || seed || ':' || epoch || ':' || test_error, ' ')"
             " FROM curves") == "2:0:1:70.0 2:0:2:55.0");
}

}  // namespace
}  // namespace dse::views_test
