#include "runner/training/rendezvous.h"

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "core/error.h"

namespace dse::rendezvous_test {
namespace {

// A communicator as replicas have one each: freed when all are through, and used by nobody then.
struct Communicator {
  bool freed = false;  // no atomic: a race is what the thread sanitizer is to find
  int launches = 0;
};

// What a replica does in a sum.
void Sum(Rendezvous& rendezvous, Communicator& communicator) {
  rendezvous.Meet();
  if (communicator.freed) throw Error("launched on a freed communicator");
  ++communicator.launches;
  rendezvous.Meet();
}

}  // namespace

TEST_CASE("Those who meet see what the others did before") {
  constexpr int kParties = 4, kRounds = 200;
  Rendezvous rendezvous(kParties);
  std::array<int, kParties> values{};
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (int self = 0; self < kParties; ++self) {
      threads.emplace_back([&, self] {
        for (int round = 1; round <= kRounds; ++round) {
          values[static_cast<size_t>(self)] = round;
          rendezvous.Meet();
          for (const int value : values) wrong += value != round;
          rendezvous.Meet();
        }
      });
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("An abort wakes those who wait, and there is no meeting afterwards") {
  Rendezvous rendezvous(2);
  std::string told;
  {
    const std::jthread waiting([&] {
      try {
        rendezvous.Meet();
      } catch (const Error& failure) {
        told = failure.what();
      }
    });
    rendezvous.Abort();
  }
  CHECK(told == "another replica failed");
  CHECK(rendezvous.aborted());
  CHECK_THROWS_AS(rendezvous.Meet(), Error);
}

TEST_CASE(
    "A replica that fails leaves no other launching, and communicators are freed once unused") {
  for (int failing_round = 0; failing_round < 40; ++failing_round) {
    constexpr int kReplicas = 3;
    Rendezvous rendezvous(kReplicas);
    std::array<Communicator, kReplicas> communicators;
    std::atomic<int> failures = 0;
    {
      std::vector<std::jthread> threads;
      for (int self = 0; self < kReplicas; ++self) {
        threads.emplace_back([&, self] {
          try {
            for (int round = 0;; ++round) {
              if (self == 1 && round == failing_round) throw Error("this replica fails");
              Sum(rendezvous, communicators[static_cast<size_t>(self)]);
            }
          } catch (const Error&) {
            ++failures;
            rendezvous.Abort();
          }
        });
      }
    }
    for (Communicator& communicator : communicators) communicator.freed = true;
    CHECK(failures == kReplicas);
    // The one that fails launched in every round before; the others in no later one.
    for (const Communicator& communicator : communicators) {
      CHECK(communicator.launches == failing_round);
    }
  }
}

}  // namespace dse::rendezvous_test
