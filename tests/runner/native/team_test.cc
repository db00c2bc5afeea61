#include "runner/native/team.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <vector>

#include "core/error.h"

namespace dse::native::team_test {

TEST_CASE("A team does every task once, whatever the number of threads") {
  for (const int threads : {1, 2, 5}) {
    Team team(threads);
    CHECK(team.size() == threads);
    for (const int tasks : {0, 1, 3, 100}) {
      std::vector<std::atomic<int>> done(static_cast<size_t>(tasks));
      std::atomic<bool> outside = false;
      team.Run(tasks, [&](int thread, int64_t task) {
        ++done[static_cast<size_t>(task)];
        if (thread < 0 || thread >= threads) outside = true;
      });
      for (const std::atomic<int>& count : done) CHECK(count == 1);
      CHECK_FALSE(outside);
    }
  }
}

TEST_CASE("A task that fails ends its list, and the team goes on with the next") {
  for (const int threads : {1, 3}) {
    Team team(threads);
    CHECK_THROWS_WITH(team.Run(50,
                               [](int, int64_t task) {
                                 if (task == 7) throw Error("task 7");
                               }),
                      "task 7");
    std::atomic<int> done = 0;
    team.Run(20, [&](int, int64_t) { ++done; });
    CHECK(done == 20);
  }
}

}  // namespace dse::native::team_test
