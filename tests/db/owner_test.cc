#include "db/owner.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <sstream>

#include "tests/db/fixtures.h"

namespace dse::owner_test {
namespace {

std::vector<std::string> Parts(const Owner& owner) {
  std::vector<std::string> parts;
  std::istringstream in(owner.token());
  for (std::string part; std::getline(in, part, '/');) parts.push_back(part);
  return parts;
}

Owner Join(const std::vector<std::string>& parts) {
  std::string token = parts[0];
  for (size_t i = 1; i < parts.size(); ++i) token += '/' + parts[i];
  return Owner::FromToken(token);
}

TEST_CASE("the token of a process in a batch job tells the job") {
  const Owner before = Owner::ThisProcess();
  CHECK_FALSE(before.job());
  const int child = StartChild([&] {
    Owner::SetJob({"ma/rs:", 1000, 17, 500});
    const Owner owner = Owner::ThisProcess();
    if (owner.CertainlyDead() || owner.host() != before.host()) throw Error("the job confuses");
    const std::optional<OwnerJob> job = Owner::FromToken(owner.token()).job();
    if (!job || job->cluster != "ma_rs_" || job->user != 1000 || job->id != 17 ||
        job->start != 500) {
      throw Error("another job: " + owner.token());
    }
    Owner::SetJob({"mars", 1000, 17, {}});
    if (Owner::ThisProcess().job()->start) throw Error("nobody said when it started");
  });
  CHECK(WaitForChild(child) == 0);
  for (const char* token : {"", "h/b/n/1/2/r", "h/b/n/1/2/r/slurm:c:1", "h/b/n/1/2/r/slurm:c:x:2:3",
                            "h/b/n/1/2/r/pbs:c:1:2:3"}) {
    CAPTURE(token);
    CHECK_FALSE(Owner::FromToken(token).job());
  }
}

TEST_CASE("a process has one token with six parts, and its child another") {
  const Owner owner = Owner::ThisProcess();
  CHECK(owner.token() == Owner::ThisProcess().token());
  const std::vector<std::string> parts = Parts(owner);
  REQUIRE(parts.size() == 6);
  CHECK(parts[0] == owner.host());
  CHECK(parts[3] == std::to_string(getpid()));
  CHECK(std::count(parts.begin(), parts.end(), "?") == 0);
  CHECK_FALSE(owner.CertainlyDead());
  const int child = StartChild([&] {
    if (Owner::ThisProcess().token() == owner.token()) throw Error("inherited");
    if (owner.CertainlyDead()) throw Error("the parent lives");
  });
  CHECK(WaitForChild(child) == 0);
}

TEST_CASE("only a process of this machine, boot and namespace can be known to be dead") {
  const int child = StartChild([] {});
  WaitForChild(child);
  std::vector<std::string> parts = Parts(Owner::ThisProcess());
  parts[3] = std::to_string(child);
  CHECK(Join(parts).CertainlyDead());
  for (const size_t part : {0u, 1u, 2u}) {
    for (const char* other : {"other", "?"}) {
      std::vector<std::string> changed = parts;
      changed[part] = other;
      INFO("part " << part);
      CHECK_FALSE(Join(changed).CertainlyDead());
    }
  }
}

TEST_CASE("a process number in use again by another process means that its owner is dead") {
  std::vector<std::string> parts = Parts(Owner::ThisProcess());
  parts[4] = "1";  // clock ticks after boot
  CHECK(Join(parts).CertainlyDead());
  parts[4] = "?";
  CHECK_FALSE(Join(parts).CertainlyDead());
}

TEST_CASE("text that is no token counts as alive") {
  for (const char* token : {"", "x", "a/b/c", "a/b/c/d/e/f", "/////"}) {
    CHECK_FALSE(Owner::FromToken(token).CertainlyDead());
  }
  std::vector<std::string> parts = Parts(Owner::ThisProcess());
  for (const char* pid : {"0", "-1", "x"}) {
    parts[3] = pid;
    CHECK_FALSE(Join(parts).CertainlyDead());
  }
}

}  // namespace
}  // namespace dse::owner_test
