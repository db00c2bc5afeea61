#include "runner/data/background_team.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"

namespace dse::background_team_test {

TEST_CASE("a team does every task once, list after list") {
  BackgroundTeam team(3);
  for (int list = 0; list < 50; ++list) {
    std::vector<std::atomic<int>> done(40);
    team.Start(40, [&](int thread, int64_t task) {
      if (thread >= 0 && thread < 3) ++done[static_cast<size_t>(task)];
    });
    team.Wait();
    for (const std::atomic<int>& times : done) REQUIRE(times == 1);
  }
}

TEST_CASE("a list without tasks is done at once") {
  BackgroundTeam team(2);
  team.Start(0, [](int, int64_t) { throw Error("never called"); });
  CHECK_NOTHROW(team.Wait());
}

TEST_CASE("of several tasks that fail the first of the list is the one told of") {
  for (int threads : {1, 4}) {
    BackgroundTeam team(threads);
    for (int list = 0; list < 50; ++list) {
      team.Start(100, [&](int, int64_t task) {
        if (task >= 7) throw Error("task " + std::to_string(task));
      });
      CHECK_THROWS_WITH(team.Wait(), "task 7");
    }
    team.Start(5, [](int, int64_t) {});
    CHECK_NOTHROW(team.Wait());
  }
}

TEST_CASE("nothing of a cancelled list runs later, and what it threw is forgotten") {
  BackgroundTeam team(2);
  std::atomic<int> begun = 0;
  team.Start(1000, [&](int, int64_t task) {
    ++begun;
    begun.notify_all();
    if (task == 0) throw Error("of a task that was cancelled");
  });
  begun.wait(0);
  team.Cancel();
  const int before = begun;
  team.Start(100, [](int, int64_t) {});
  CHECK_NOTHROW(team.Wait());
  CHECK(begun == before);
}

TEST_CASE("a team that is destroyed with work left joins its threads") {
  std::atomic<int> running = 0;
  {
    BackgroundTeam team(2);
    team.Start(1000, [&](int, int64_t) {
      ++running;
      std::this_thread::yield();
      --running;
    });
  }
  CHECK(running == 0);
}

}  // namespace dse::background_team_test
