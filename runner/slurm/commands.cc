#include "runner/slurm/commands.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "core/subprocess.h"

namespace dse {
namespace {

bool Misleads(const std::string& variable) {
  constexpr std::array<std::string_view, 3> kStay{"SBATCH_ACCOUNT", "SBATCH_QOS",
                                                  "SBATCH_RESERVATION"};
  if (variable.starts_with("SBATCH_")) return std::ranges::find(kStay, variable) == kStay.end();
  return variable.starts_with("SQUEUE_") || variable.starts_with("SINFO_") ||
         variable.starts_with("SCONTROL_") || variable.starts_with("SCANCEL_") ||
         variable == "SLURM_CLUSTERS";
}

SubprocessOptions ProcessOptions(double seconds, const std::vector<std::string>& without) {
  SubprocessOptions options;
  options.seconds = seconds;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    const std::string name = text.substr(0, text.find('='));
    if (Misleads(name)) options.environment.push_back({name, {}});
  }
  for (const std::string& name : without) options.environment.push_back({name, {}});
  options.environment.push_back({"SLURM_TIME_FORMAT", "%s"});
  options.environment.push_back({"LC_ALL", "C"});
  return options;
}

// The last line that says something, without the command's name: "squeue: error: ...".
std::string LastLine(const std::string& text) {
  size_t end = text.find_last_not_of(" \t\r\n");
  if (end == std::string::npos) return "";
  const size_t begin = text.rfind('\n', end);
  std::string line = text.substr(begin == std::string::npos ? 0 : begin + 1, end - (begin + 1) + 1);
  std::ranges::replace_if(
      line, [](char c) { return std::iscntrl(static_cast<unsigned char>(c)); }, ' ');
  return line;
}

bool SaysOneOf(const std::string& text, std::initializer_list<std::string_view> phrases) {
  return std::ranges::any_of(
      phrases, [&](std::string_view phrase) { return text.find(phrase) != std::string::npos; });
}

SlurmAnswer Judge(const SubprocessResult& result) {
  if (result.killed_late) return SlurmAnswer::kSilent;
  if (result.code == 0) return SlurmAnswer::kAnswered;
  if (SaysOneOf(result.err, {"Could not establish a configuration source",
                             "Unable to process configuration file"})) {
    return SlurmAnswer::kNoSlurm;
  }
  if (SaysOneOf(result.err, {"Unable to contact slurm controller", "Zero Bytes were transmitted",
                             "Socket timed out", "Connection refused", "backup controller",
                             "Transport endpoint", "authentication", "Authentication"})) {
    return SlurmAnswer::kSilent;
  }
  return SlurmAnswer::kRefused;
}

}  // namespace

SlurmReply AskSlurm(std::span<const std::string> words, double seconds,
                    const std::vector<std::string>& without) {
  const std::optional<SubprocessResult> result =
      RunSubprocess(words, ProcessOptions(seconds, without));
  const std::string& command = words.front();
  if (!result) return {SlurmAnswer::kNoSlurm, "", "there is no " + command + " on this machine"};
  SlurmReply reply{Judge(*result), result->out, ""};
  if (reply.answer == SlurmAnswer::kAnswered) return reply;
  reply.error = result->killed_late ? command + " did not answer" : LastLine(result->err);
  if (reply.error.empty()) {
    reply.error = command + " ended with code " + std::to_string(result->code);
  }
  return reply;
}

}  // namespace dse
