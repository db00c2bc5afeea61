#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/model.h"
#include "db/rows/series_rows.h"
#include "db/sqlite/sqlite.h"

namespace dse {

inline constexpr int kPageRows = 256;

// The model of a member, with its name and the parameters it was drawn with.
Model StoredModel(const std::string& spec, const std::optional<std::string>& name,
                  const std::optional<std::string>& parameters, const std::string& path);

// Calls use(row) for each row of a query that is read in pages, so that no statement is open
// meanwhile. `page(statement, last)` binds the query for the rows after `last`, of at most
// kPageRows rows; read(statement) makes a row of each, whose member `key` is what `last` becomes.
template <typename Key, typename Bind, typename Read, typename Use>
void EachPaged(sqlite::Statement& statement, Key last, Bind bind, Read read, Use use) {
  while (true) {
    std::vector<decltype(read(statement))> rows;
    bind(statement, last);
    while (statement.Step()) rows.push_back(read(statement));
    for (auto& row : rows) {
      last = row.key;
      use(row);
    }
    if (rows.size() < kPageRows) return;
  }
}

// What a run is read after: series_runs is ordered by these within a series.
struct RunKeyPair {
  int64_t member_id = 0;
  int64_t run_id = 0;
};

}  // namespace dse
