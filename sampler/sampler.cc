#include "sampler/sampler.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <chrono>
#include <unordered_set>
#include <utility>

#include "core/clock.h"
#include "core/error.h"
#include "core/parallel.h"
#include "sampler/block_queue.h"
#include "sampler/candidate_drawer.h"
#include "sampler/compiled_space.h"

namespace dse {
namespace {

constexpr std::chrono::milliseconds kProgressInterval{100};

constexpr int64_t kSurveyed = 100'000;  // candidates looked at to explain a shortfall

// What tells members of one population apart.
struct MemberKey {
  uint64_t model = 0;  // the hash as a number
  Overrides overrides;
  friend bool operator==(const MemberKey&, const MemberKey&) = default;
};

MemberKey KeyOf(const Draw& draw) {
  MemberKey key;
  key.overrides = draw.overrides;
  std::from_chars(draw.hash.data(), draw.hash.data() + draw.hash.size(), key.model, 16);
  return key;
}

struct MemberKeyHash {
  size_t operator()(const MemberKey& key) const {
    uint64_t hash = key.model;
    for (const auto& value : {key.overrides.lr, key.overrides.weight_decay}) {
      hash = (hash ^ std::bit_cast<uint64_t>(value.value_or(0))) * 0x9E3779B97F4A7C15;
      hash ^= hash >> 29;
    }
    return hash;
  }
};

int ThreadCount(int wanted) { return wanted > 0 ? wanted : AllThreads(); }

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
  explicit Collector(int64_t wanted) : wanted_(wanted) {}

  // Counts stop at the last member, wherever the block ends.
  void Add(CandidateBlock block) {
    SampleReport& report = result_.report;
    for (Draw& draw : block.accepted) {
      ++report.accepted;
      report.candidates = draw.candidate + 1;
      if (!members_.insert(KeyOf(draw)).second) {
        ++report.duplicates;
        continue;
      }
      draw.index = found();
      result_.draws.push_back(std::move(draw));
      result_.complete = found() == wanted_;
      if (result_.complete) return;
    }
    report.candidates = block.end;
  }

  int64_t found() const { return static_cast<int64_t>(result_.draws.size()); }
  int64_t candidates() const { return result_.report.candidates; }
  bool complete() const { return result_.complete; }
  SampleResult Take() { return std::move(result_); }

 private:
  const int64_t wanted_;
  std::unordered_set<MemberKey, MemberKeyHash> members_;
  SampleResult result_;
};

}  // namespace

SampleResult SamplePopulation(const Space& space, const SampleRequest& request,
                              const SampleProgress& progress) {
  CheckRequest(request);
  const Clock::time_point start = Clock::now();
  Collector collector(request.count);
  {
    BlockQueue queue(space.compiled(), space.StreamKeyFor(request.seed),
                     request.band.value_or(kAnyBand), request.max_tries,
                     ThreadCount(request.threads));
    Clock::time_point told = start;
    while (!collector.complete() && collector.candidates() < request.max_tries) {
      if (auto block = queue.Next(kProgressInterval)) collector.Add(std::move(*block));
      if (!progress || Clock::now() - told < kProgressInterval) continue;
      told = Clock::now();
      if (!progress(collector.found(), collector.candidates())) break;
    }
  }
  SampleResult result = collector.Take();
  result.report.seconds = SecondsSince(start);
  return result;
}

SpaceSurvey SurveySpace(const Space& space, uint64_t seed, int64_t candidates) {
  SpaceSurvey survey;
  survey.candidates = candidates;
  CandidateDrawer drawer(space.compiled(), space.StreamKeyFor(seed));
  Candidate candidate;
  for (int64_t number = 0; number < candidates; ++number) {
    if (!drawer.Draw(number, kAnyBand, candidate)) continue;
    const int64_t flops = candidate.complexity.flops;
    survey.lowest_flops = survey.valid == 0 ? flops : std::min(survey.lowest_flops, flops);
    survey.highest_flops = std::max(survey.highest_flops, flops);
    ++survey.valid;
  }
  return survey;
}

std::string ExplainShortfall(const Space& space, const SampleRequest& request,
                             const SampleResult& result) {
  const SampleReport& report = result.report;
  const SpaceSurvey survey =
      SurveySpace(space, request.seed, std::min(report.candidates, kSurveyed));
  std::string text = fmt::format("space {}: found {} of {} members in {} candidates", space.name(),
                                 result.draws.size(), request.count, report.candidates);
  if (report.duplicates > 0) {
    text += fmt::format(" and {} more that were drawn before", report.duplicates);
  }
  text += fmt::format("; of the first {}, {} are networks within the constraints",
                      survey.candidates, survey.valid);
  if (survey.valid == 0) {
    return text + "; loosen the space's constraints or ranges, or raise the limit on tries";
  }
  text +=
      fmt::format(", with {} to {} flops", FormatCount(static_cast<double>(survey.lowest_flops)),
                  FormatCount(static_cast<double>(survey.highest_flops)));
  if (request.band) text += ", for the band " + FormatBand(*request.band);
  if (2 * report.duplicates > report.accepted) {
    return text + "; the space has few distinct networks here: ask for fewer";
  }
  if (report.candidates < request.max_tries) return text + "; stopped early";
  return text + (request.band ? "; widen the band or raise the limit on tries"
                              : "; raise the limit on tries");
}

}  // namespace dse
