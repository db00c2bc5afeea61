#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/draw.h"
#include "core/result.h"
#include "db/database.h"

namespace dse {

// Computes the fit of that name (core/fit.h) of every member of `series` that has a model and no
// fit, fills it in, and stores it where `db` can be written: some at a time, so that a call that is
// ended leaves what it had. Many are a line of progress.
void CompleteFits(Database& db, const std::string& name, bool quiet,
                  std::vector<SeriesRecord>& series);

// Computes and stores the default-grid fits of networks just put into `db`, which its views show.
void StoreFitsOf(Database& db, std::span<const Draw> draws);

}  // namespace dse
