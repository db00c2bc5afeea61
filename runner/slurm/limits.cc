#include "runner/slurm/limits.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>

#include "core/error.h"
#include "core/suggest.h"

namespace dse {
namespace {

constexpr int64_t kMinute = 60, kHour = 3600, kDay = 86400;
constexpr int64_t kLongest = 3650 * kDay;

std::optional<int64_t> Whole(std::string_view text) {
  int64_t number = 0;
  const auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || code != std::errc() || stop != text.data() + text.size() || number < 0 ||
      number > kLongest) {
    return {};
  }
  return number;
}

// The numbers between colons, or none.
std::vector<int64_t> Numbers(std::string_view text) {
  std::vector<int64_t> numbers;
  while (true) {
    const size_t colon = text.find(':');
    const std::optional<int64_t> number = Whole(text.substr(0, colon));
    if (!number) return {};
    numbers.push_back(*number);
    if (colon == std::string_view::npos) return numbers;
    text.remove_prefix(colon + 1);
  }
}

std::optional<int64_t> WithUnit(std::string_view text) {
  const std::map<char, int64_t> units{{'s', 1}, {'m', kMinute}, {'h', kHour}, {'d', kDay}};
  if (text.empty() || !units.contains(text.back())) return {};
  const std::optional<int64_t> number = Whole(text.substr(0, text.size() - 1));
  if (!number) return {};
  return *number * units.at(text.back());
}

// Slurm's own words for a time.
std::optional<int64_t> SlurmSeconds(std::string_view text) {
  int64_t days = 0;
  const size_t dash = text.find('-');
  if (dash != std::string_view::npos) {
    const std::optional<int64_t> number = Whole(text.substr(0, dash));
    if (!number) return {};
    days = *number * kDay;
    text.remove_prefix(dash + 1);
  }
  const std::vector<int64_t> n = Numbers(text);
  if (n.empty() || n.size() > 3) return {};
  // Behind days stand hours; else one number, or the first of two, is minutes.
  if (dash != std::string_view::npos || n.size() == 3) {
    return days + n[0] * kHour + (n.size() > 1 ? n[1] * kMinute : 0) + (n.size() > 2 ? n[2] : 0);
  }
  return n[0] * kMinute + (n.size() > 1 ? n[1] : 0);
}

// "Key=value Key=value ..." of one line; values hold no spaces.
std::map<std::string, std::string> Values(const std::string& line) {
  std::map<std::string, std::string> values;
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    const size_t equals = word.find('=');
    if (equals != std::string::npos) values[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return values;
}

// Of "cpu=2,mem=4000M,gres/gpu=8,gres/gpu:a100=8" the number behind a name.
int64_t Resource(const std::string& text, const std::string& name) {
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    if (word.starts_with(name + "=")) return Whole(word.substr(name.size() + 1)).value_or(0);
  }
  return 0;
}

std::string Trimmed(std::string text) {
  text.erase(0, text.find_first_not_of(" \t"));
  text.erase(text.find_last_not_of(" \t\r") + 1);
  return text;
}

}  // namespace

int64_t ParseSlurmTime(std::string_view text) {
  std::optional<int64_t> seconds = WithUnit(text);
  if (!seconds) seconds = SlurmSeconds(text);
  if (!seconds || *seconds <= 0 || *seconds > kLongest) {
    throw Error(
        fmt::format("'{}' is no limit of time; write 90m, 2h, 1:30:00 (hours), 2-12 (days "
                    "and hours) or a number of minutes",
                    text));
  }
  return *seconds;
}

std::string FormatSlurmTime(int64_t seconds) {
  const int64_t minutes = (seconds + kMinute - 1) / kMinute;
  return fmt::format("{}-{:02}:{:02}:00", minutes / (24 * 60), minutes / 60 % 24, minutes % 60);
}

std::vector<Partition> ParsePartitions(std::string_view text) {
  std::vector<Partition> partitions;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::map<std::string, std::string> values = Values(line);
    if (values["PartitionName"].empty()) continue;
    Partition partition;
    partition.name = values["PartitionName"];
    partition.is_default = values["Default"] == "YES";
    partition.state = values["State"];
    partition.nodes = Whole(values["TotalNodes"]).value_or(0);
    partition.cpus = Whole(values["TotalCPUs"]).value_or(0);
    partition.gpus = Resource(values["TRES"], "gres/gpu");
    partition.max_seconds = SlurmSeconds(values["MaxTime"]);          // UNLIMITED: none
    partition.default_seconds = SlurmSeconds(values["DefaultTime"]);  // NONE: none
    partitions.push_back(std::move(partition));
  }
  return partitions;
}

ClusterLimits ReadLimits() {
  ClusterLimits limits;
  const SlurmReply config = AskSlurm(std::vector<std::string>{"scontrol", "show", "config"});
  limits.answer = config.answer;
  limits.error = config.error;
  if (config.answer != SlurmAnswer::kAnswered) return limits;
  std::istringstream lines(config.out);
  for (std::string line; std::getline(lines, line);) {
    const size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    const std::string name = Trimmed(line.substr(0, equals));
    const std::string value = Trimmed(line.substr(equals + 1));
    if (name == "MaxArraySize") limits.max_array = Whole(value).value_or(limits.max_array);
    if (name == "ClusterName") limits.cluster = value;
  }
  const SlurmReply partitions =
      AskSlurm(std::vector<std::string>{"scontrol", "show", "partition", "--oneliner"});
  limits.answer = partitions.answer;
  limits.error = partitions.error;
  limits.partitions = ParsePartitions(partitions.out);
  return limits;
}

std::optional<int64_t> UsableNodes(const std::string& partition) {
  const SlurmReply reply = AskSlurm(std::vector<std::string>{
      "sinfo", "--noheader", "--partition=" + partition, "--format=%D %T"});
  if (reply.answer != SlurmAnswer::kAnswered) return {};
  int64_t usable = 0;
  std::istringstream lines(reply.out);
  std::string state;
  for (int64_t nodes = 0; lines >> nodes >> state;) {
    // "*": it does not answer.
    const bool out = state.starts_with("down") || state.starts_with("drain") ||
                     state.starts_with("fail") || state.starts_with("unknown") ||
                     state.find('*') != std::string::npos;
    if (!out) usable += nodes;
  }
  return usable;
}

const Partition& ChoosePartition(const ClusterLimits& limits,
                                 const std::optional<std::string>& name,
                                 std::optional<int64_t> seconds) {
  const auto found = std::ranges::find_if(limits.partitions, [&](const Partition& partition) {
    return name ? partition.name == *name : partition.is_default;
  });
  if (found == limits.partitions.end()) {
    std::vector<std::string> names;
    for (const Partition& partition : limits.partitions) names.push_back(partition.name);
    if (!name)
      throw Error("Slurm has no default partition; give --partition, one of " + JoinWords(names));
    throw Error("Slurm has no partition '" + *name + "', only " + JoinWords(names) +
                DidYouMean(*name, names));
  }
  if (found->state == "DRAIN" || found->state == "INACTIVE") {
    throw Error(
        fmt::format("partition '{}' takes no jobs: its state is {}", found->name, found->state));
  }
  if (seconds && found->max_seconds && *seconds > *found->max_seconds) {
    throw Error(fmt::format("--time {} is more than the partition '{}' allows ({})",
                            FormatSlurmTime(*seconds), found->name,
                            FormatSlurmTime(*found->max_seconds)));
  }
  return *found;
}

}  // namespace dse
