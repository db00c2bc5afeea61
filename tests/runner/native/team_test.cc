#include "runner/native/team.h"

#include <algorithm>
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
      team.Run(tasks, [&](int thread, int task) {
        ++done[static_cast<size_t>(task)];
        if (thread < 0 || thread >= threads) outside = true;
      });
      for (const std::atomic<int>& count : done) CHECK(count == 1);
      CHECK_FALSE(outside);
    }
  }
}

TEST_CASE("A team says which task of its part a thread takes next") {
  for (const int threads : {1, 3}) {
    Team team(threads);
    for (const int tasks : {1, 2, 10}) {
      std::vector<int> next(static_cast<size_t>(tasks), -1);
      std::vector<int> taken;
      team.Run(tasks, [&](int thread, int task) {
        int& after = next[static_cast<size_t>(task)];
        for (int any = 0; any < threads; ++any) after = std::max(after, team.NextTask(any, task));
        if (threads == 1) taken.push_back(task);
        if (after >= 0 && threads == 1) CHECK(team.NextTask(thread, task) == task + 1);
      });
      CHECK(std::ranges::count(next, -1) == std::min(threads, tasks));  // the last of every part
      CHECK(std::ranges::is_sorted(taken));
    }
  }
}

TEST_CASE("A task that fails ends its list, and the team goes on with the next") {
  for (const int threads : {1, 3}) {
    Team team(threads);
    CHECK_THROWS_WITH(team.Run(50,
                               [](int, int task) {
                                 if (task == 7) throw Error("task 7");
                               }),
                      "task 7");
    std::atomic<int> done = 0;
    team.Run(20, [&](int, int) { ++done; });
    CHECK(done == 20);
  }
}

}  // namespace dse::native::team_test
