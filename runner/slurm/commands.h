#pragma once

#include <span>
#include <string>
#include <vector>

namespace dse {

enum class SlurmAnswer {
  kAnswered,  // the command did what was asked
  kRefused,   // Slurm answered with an error
  kNoSlurm,   // no such command here, or nothing that says where its controller is
  kSilent,    // its controller did not answer in time
};

struct SlurmReply {
  SlurmAnswer answer = SlurmAnswer::kAnswered;
  std::string out;
  std::string error;  // one line; "" where answered
};

// Runs one of Slurm's commands (squeue, scontrol, sinfo, sbatch) without a shell. Times are printed
// as seconds since 1970, and variables of the environment that would change what is asked or
// printed (SQUEUE_FORMAT, SBATCH_ARRAY_INX, SLURM_CLUSTERS, ...) do not count, nor those of
// `without`. What concerns whom a job is charged to does: SBATCH_ACCOUNT, _QOS and _RESERVATION.
SlurmReply AskSlurm(std::span<const std::string> words, double seconds = 30,
                    const std::vector<std::string>& without = {});

}  // namespace dse
