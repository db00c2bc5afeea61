#pragma once

#include <string>
#include <vector>

#include "db/sqlite/sqlite.h"
#include "db/status.h"

namespace dse {

// What the status of a study is put together from. `schema` is "main", or the name that a shard is
// attached under.

// Runs of the main file that are further in a shard: their ids, what `runs` says there, and which
// shard it is. Empty until shards are read.
void MakeElsewhere(sqlite::Connection& connection);
// Adds those that are further in an attached shard, number `shard`, than in any file before: ended
// with a result, before running, before failed, before pending.
void AddElsewhere(sqlite::Connection& connection, const std::string& schema, int shard);

// `elsewhere`: whether that table is there and counts.
std::vector<SeriesStatus> LoadSeriesStatus(sqlite::Connection& connection, bool elsewhere);
void LoadRunTotals(sqlite::Connection& connection, bool elsewhere, DatabaseStatus& status);

// Appends what one file has. `shard` is its number in `elsewhere`, 0 = the main file, and `name`
// what it is called in the result.
struct StatusFile {
  std::string schema = "main";
  int shard = 0;
  std::string name;
  bool elsewhere = false;
};
void AddWorkers(sqlite::Connection& connection, const StatusFile& file, DatabaseStatus& status);
void AddFailures(sqlite::Connection& connection, const StatusFile& file, DatabaseStatus& status);

// Sorts, merges and cuts off what several files gave.
void ArrangeStatus(DatabaseStatus& status);

}  // namespace dse
