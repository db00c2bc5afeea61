#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "db/sqlite/sqlite.h"

namespace dse {

// A run that has cost so many owners their lives without an epoch in between is taken for the
// cause.
inline constexpr int kMostLosses = 5;

// Parameters 1 to 3 of every write by the owner of a run. The run is checked against all three, so
// one that was given to somebody else is left alone.
inline constexpr const char* kOurs =
    " WHERE id = ?1 AND attempt = ?2 AND owner = ?3 AND state = 'running'";

// Whether the last attempt at run `r` ended badly, which speaks against a run until it ends
// otherwise.
inline constexpr const char* kLastEndedBadly =
    " r.attempt > 0 AND EXISTS(SELECT 1 FROM attempts a WHERE a.run_id = r.id"
    " AND a.attempt = r.attempt AND (a.outcome IN ('lost', 'failed')"
    "  OR (a.outcome = 'released' AND a.message IS NOT NULL))) ";

// Whether run `r` failed and may be tried again. ?1: retries, ?2: kMostLosses.
inline constexpr const char* kRetried =
    " r.state = 'failed' AND r.failures BETWEEN 1 AND ?1 AND r.losses < ?2 ";

// Writes how an attempt ended.
void EndAttempt(sqlite::Connection& connection, int64_t run_id, int64_t attempt, double now,
                const char* outcome, const std::string& message);

// Throws Error, with the file's name, for an error that is no percentage from 0 to 100.
void CheckPercent(const Database& db, const std::optional<double>& error);

// Losses and speeds that are not finite are stored as NULL.
std::optional<double> FiniteOrEmpty(const std::optional<double>& value);

}  // namespace dse
