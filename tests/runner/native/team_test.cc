#include "runner/native/team.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>
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

TEST_CASE("Who is done takes others' tasks") {
  Team team(2);
  for (int list = 0; list < 20; ++list) {
    std::atomic<int> done = 0;
    std::atomic<bool> helped = false;
    team.Run(6, [&](int, int task) {
      const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
      while (task == 0 && done < 5 && std::chrono::steady_clock::now() < end) {
        std::this_thread::yield();
      }
      if (task == 0) helped = done == 5;
      ++done;
    });
    CHECK(helped);
  }
}

TEST_CASE("Lists follow each other at once or after a while") {
  Team team(3);
  std::atomic<int> done = 0;
  for (int list = 0; list < 3000; ++list) {
    team.Run(list % 7, [&](int, int) { ++done; });
    if (list % 500 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  CHECK(done == 3000 / 7 * 21 + (0 + 1 + 2 + 3));
}

TEST_CASE("A team ends at once behind a list that its threads come late for") {
  std::atomic<int> done = 0;
  for (int i = 0; i < 2000; ++i) {
    Team team(3);
    team.Run(3, [&](int, int) { ++done; });
  }
  CHECK(done == 6000);
}

TEST_CASE("A task that fails ends its list, and the team goes on with the next") {
  for (const int threads : {1, 3}) {
    Team team(threads);
    std::atomic<int> begun = 0;
    CHECK_THROWS_WITH(team.Run(50,
                               [&](int, int task) {
                                 ++begun;
                                 if (task == 7) throw Error("task 7");
                               }),
                      "task 7");
    if (threads == 1) CHECK(begun == 8);  // those behind it are left out
    std::atomic<int> done = 0;
    team.Run(20, [&](int, int) { ++done; });
    CHECK(done == 20);
  }
}

}  // namespace dse::native::team_test
