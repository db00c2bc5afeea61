#include "sampler/sampler.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <thread>
#include <unordered_set>
#include <utility>

#include "core/error.h"
#include "sampler/block_queue.h"
#include "sampler/candidate.h"
#include "sampler/compiled_space.h"

namespace dse {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kProgressInterval{100};

// What tells members of one population apart: a space's networks differ in their stages alone.
struct MemberKey {
  std::vector<Stage> stages;
  Overrides overrides;
  friend bool operator==(const MemberKey&, const MemberKey&) = default;
};

struct MemberKeyHash {
  size_t operator()(const MemberKey& key) const {
    uint64_t hash = 0;
    const auto mix = [&](uint64_t value) {
      hash = (hash ^ value) * 0x9E3779B97F4A7C15;
      hash ^= hash >> 29;
    };
    for (const Stage& stage : key.stages) {
      mix(static_cast<uint64_t>(stage.depth) << 32 | static_cast<uint64_t>(stage.width));
      mix(static_cast<uint64_t>(stage.group_width) << 32);
      mix(std::bit_cast<uint64_t>(stage.bottleneck));
    }
    mix(std::bit_cast<uint64_t>(key.overrides.lr.value_or(0)));
    mix(std::bit_cast<uint64_t>(key.overrides.weight_decay.value_or(0)));
    return hash;
  }
};

int ThreadCount(int wanted) {
  return wanted > 0 ? wanted : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

void CheckRequest(const SampleRequest& request) {
  if (request.count < 1) throw Error("a population needs at least one member");
  if (request.max_tries < 1) throw Error("the limit on tries must be at least 1");
  if (request.threads < 0) throw Error("the number of threads must not be negative");
  if (request.band && request.band->low > request.band->high) {
    throw Error("the flop band is empty: its low end is above its high end");
  }
}

// Gathers blocks, which come in the order of their candidates, into a result.
class Collector {
 public:
  Collector(const Space& space, const SampleRequest& request)
      : space_(space), request_(request), key_(space.StreamKeyFor(request.seed)) {}

  void Add(const CandidateBlock& block) {
    for (size_t i = 0; i < block.accepted.size(); ++i) {
      if (!Keep(block.accepted[i])) {
        ++result_.report.duplicates;
      } else if (found() == request_.count) {
        // The counts stop at the last member, wherever the block ends.
        Count(
            DrawBlock(space_.compiled(), key_, request_.band, block.first, block.accepted[i] + 1));
        result_.complete = true;
        return;
      }
    }
    Count(block);
  }

  int64_t found() const { return static_cast<int64_t>(result_.draws.size()); }
  int64_t candidates() const { return result_.report.candidates; }
  bool complete() const { return result_.complete; }
  uint64_t key() const { return key_; }
  SampleResult Take() { return std::move(result_); }

 private:
  // Keeps candidate `number` unless the same member is there already.
  bool Keep(int64_t number) {
    DrawCandidate(space_.compiled(), key_, number, candidate_);
    const std::span<const Stage> network = candidate_.network();
    MemberKey member{{network.begin(), network.end()},
                     DrawOverrides(space_.compiled(), key_, number)};
    const auto [place, is_new] = members_.insert(std::move(member));
    if (!is_new) return false;
    Draw draw;
    draw.index = found();
    draw.candidate = number;
    draw.model.frame = space_.compiled().frame;
    draw.model.stages = place->stages;
    if (space_.compiled().regnet) draw.model.regnet = candidate_.regnet;
    draw.complexity = candidate_.complexity;
    draw.overrides = place->overrides;
    result_.draws.push_back(std::move(draw));
    return true;
  }

  void Count(const CandidateBlock& block) {
    SampleReport& report = result_.report;
    report.candidates = block.end;
    report.valid += block.valid;
    report.accepted += static_cast<int64_t>(block.accepted.size());
    if (block.valid == 0) return;
    const int64_t lowest = *block.lowest_flops;
    const int64_t highest = *block.highest_flops;
    report.lowest_flops = std::min(report.lowest_flops.value_or(lowest), lowest);
    report.highest_flops = std::max(report.highest_flops.value_or(highest), highest);
  }

  const Space& space_;
  const SampleRequest& request_;
  const uint64_t key_;
  Candidate candidate_;
  std::unordered_set<MemberKey, MemberKeyHash> members_;
  SampleResult result_;
};

void FillHashes(std::vector<Draw>& draws) {
  for (Draw& draw : draws) draw.hash = ModelHash(draw.model);
}

}  // namespace

SampleResult SamplePopulation(const Space& space, const SampleRequest& request,
                              const SampleProgress& progress) {
  CheckRequest(request);
  const Clock::time_point start = Clock::now();
  Collector collector(space, request);
  {
    BlockQueue queue(space.compiled(), collector.key(), request.band, request.max_tries,
                     ThreadCount(request.threads));
    Clock::time_point told = start;
    while (!collector.complete() && collector.candidates() < request.max_tries) {
      if (const auto block = queue.Next(kProgressInterval)) collector.Add(*block);
      if (!progress || Clock::now() - told < kProgressInterval) continue;
      told = Clock::now();
      if (!progress(collector.found(), collector.candidates())) break;
    }
  }
  SampleResult result = collector.Take();
  FillHashes(result.draws);
  result.report.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return result;
}

std::string ExplainShortfall(const Space& space, const SampleRequest& request,
                             const SampleResult& result) {
  const SampleReport& report = result.report;
  std::string text = "space " + space.name() + ": found " + std::to_string(result.draws.size()) +
                     " of " + std::to_string(request.count) + " members in " +
                     std::to_string(report.candidates) + " candidates, " +
                     std::to_string(report.valid) + " of them valid";
  if (report.valid == 0) {
    return text + "; loosen the space's constraints or ranges, or raise the limit on tries";
  }
  text += " with " + FormatCount(static_cast<double>(*report.lowest_flops)) + " to " +
          FormatCount(static_cast<double>(*report.highest_flops)) + " flops";
  if (request.band) text += ", for the band " + FormatBand(*request.band);
  if (report.duplicates > 0) {
    text += "; " + std::to_string(report.duplicates) + " were drawn before and left out";
  }
  if (2 * report.duplicates > report.accepted) {
    return text + "; the space has few distinct networks here: ask for fewer";
  }
  if (report.candidates < request.max_tries) return text + "; stopped early";
  return text + (request.band ? "; widen the band or raise the limit on tries"
                              : "; raise the limit on tries");
}

}  // namespace dse
