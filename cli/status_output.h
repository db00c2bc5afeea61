#pragma once

#include <string>

#include "db/study_status.h"
#include "runner/slurm/queue.h"

namespace dse {

// What `dse status` shows.
struct StatusView {
  StudyStatus status;
  JobQueue queue;   // the jobs of this file; no Slurm: no word of it
  double time = 0;  // seconds since 1970, of the status
};

// Lines for people, each with its '\n'.
std::string StatusText(const StatusView& view);
// One JSON document for programs, on one line; db/README.md explains its keys.
std::string StatusJson(const StatusView& view);

// Nothing will change any more: no run is pending or running, all files were read, and no job is in
// the queue.
bool IsComplete(const StatusView& view);

}  // namespace dse
