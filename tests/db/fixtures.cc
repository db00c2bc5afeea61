#include "tests/db/fixtures.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/complexity.h"
#include "core/error.h"
#include "core/hash.h"
#include "db/rows/population_rows.h"
#include "db/sqlite/connection.h"

namespace dse {

std::vector<Draw> MakeDraws(int count, int first_width) {
  std::vector<Draw> draws;
  for (int i = 0; i < count; ++i) {
    Model model;
    model.frame.stem = StemType::kCifar;
    model.frame.stem_width = 16;
    model.frame.resolution = 32;
    model.frame.classes = 10;
    Stage first;
    first.width = first_width + 8 * i;
    first.stride = 1;
    first.group_width = 8;
    Stage second = first;
    second.depth = 2;
    second.width = 2 * first.width;
    second.stride = 2;
    model.stages = {first, second};
    model.regnet = RegNetParameters{3, double(first.width), 24.5, 2.0, 1, 8};
    Draw draw;
    draw.index = i;
    draw.candidate = 10 * i + 3;
    draw.model = ResolveModel(model, "fixture");
    draw.hash = ModelHash(draw.model);
    draw.complexity = CountComplexity(draw.model);
    draws.push_back(draw);
  }
  return draws;
}

PopulationRecord MakePopulation(const std::string& name) {
  PopulationRecord p;
  p.name = name;
  p.space_name = "RegNetX";
  p.space_document = R"({"name":"RegNetX"})";
  p.seed = 1;
  p.band = Band{1'000'000, 2'000'000};
  p.candidates = 100;
  p.sampler_version = 1;
  return p;
}

std::vector<PopulationSummary> ListPopulations(Database& db) {
  std::vector<PopulationSummary> list;
  sqlite::Statement row(db.impl().connection, std::string(kSelectPopulations) + " ORDER BY p.id");
  while (row.Step()) list.push_back({ReadPopulation(row), row.Int(10)});
  return list;
}

RecipeRow MakeRecipe(const std::string& name, double lr) {
  const std::string document = Json{{"epochs", 2}, {"lr", lr}, {"weight_decay", 5e-5}}.dump();
  return {ShortHash(document), name, document};
}

DatasetRow MakeDataset() { return {ShortHash("ten classes"), "folder:/data", 10, 5000, 1000}; }

WantedRuns MakeWanted(Database& db, const std::string& population, int repeats) {
  WantedRuns wanted;
  wanted.recipe = MakeRecipe("cifar", 0.1);
  wanted.dataset = MakeDataset();
  for (const StoredMember& member : LoadMembers(db, std::vector{population})) {
    for (int repeat = 0; repeat < repeats; ++repeat) {
      WantedRun run;
      run.member_id = member.member_id;
      run.seed = static_cast<uint64_t>(repeat);
      run.model_hash = member.draw.hash;
      run.recipe =
          member.draw.overrides.lr ? MakeRecipe("cifar", *member.draw.overrides.lr) : wanted.recipe;
      wanted.runs.push_back(run);
    }
  }
  return wanted;
}

std::vector<int64_t> MakeStudy(const std::string& path, int count) {
  Database db = Database::Open(path, OpenMode::kCreate);
  StorePopulation(db, MakePopulation("p"), MakeDraws(count));
  return PlanRuns(db, MakeWanted(db, "p")).run_ids;
}

Database OldFile(const TempFolder& folder) {
  const std::string path = folder / "a.db";
  std::filesystem::copy_file(DSE_TEST_DATA "/results-v1.db", path);
  return Database::Open(path, OpenMode::kReadWrite);
}

ClaimRequest Request(const std::vector<int64_t>& run_ids, double lease_seconds) {
  ClaimRequest request;
  request.run_ids = run_ids;
  request.lease_seconds = lease_seconds;
  request.host = "here";
  request.device = "cpu";
  return request;
}

FinishedRun Done(double error) {
  FinishedRun result;
  result.error = error;
  result.best_error = error;
  result.seconds = 2;
  return result;
}

std::string MessageOf(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

int StartChild(const std::function<void()>& action) {
  const int pid = fork();
  if (pid != 0) return pid;
  try {
    action();
    _exit(0);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "child: %s\n", error.what());
    _exit(1);
  }
}

int WaitForChild(int pid) {
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool KillInTransaction(const std::string& path) {
  int ends[2];
  if (pipe(ends) != 0) throw Error("no pipe");
  const int child = StartChild([&] {
    Database db = Database::Open(path, OpenMode::kReadWrite);
    sqlite::Connection& connection = db.impl().connection;
    connection.Execute("PRAGMA cache_size = 1");  // so that changes reach the file before a commit
    sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
    connection.Execute(
        "UPDATE runs SET message = hex(zeroblob(100000));"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
        " INSERT INTO properties SELECT 1, 'x' || i, i FROM n");
    if (write(ends[1], "x", 1) != 1) throw Error("broken pipe");
    pause();
  });
  close(ends[1]);
  char ready = 0;
  const bool in_the_midst = read(ends[0], &ready, 1) == 1;
  close(ends[0]);
  kill(child, SIGKILL);
  return WaitForChild(child) == 128 + SIGKILL && in_the_midst &&
         std::filesystem::file_size(path + "-journal") > 512;
}

std::string MessageWithoutRoot(const std::function<void()>& action) {
  int ends[2];
  if (pipe(ends) != 0) throw Error("no pipe");
  const int pid = StartChild([&] {
    constexpr unsigned kNobody = 65534;
    if (geteuid() == 0 && (setgid(kNobody) != 0 || setuid(kNobody) != 0)) {
      throw Error("cannot give up root's rights");
    }
    const std::string message = MessageOf(action);
    if (write(ends[1], message.data(), message.size()) < 0) throw Error("broken pipe");
  });
  close(ends[1]);
  std::string message;
  char buffer[4096];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof(buffer))) > 0;) {
    message.append(buffer, static_cast<size_t>(n));
  }
  close(ends[0]);
  return WaitForChild(pid) == 0 ? message : "the child failed";
}

}  // namespace dse
