#include <fmt/core.h>

#include <optional>

#include "cli/command.h"
#include "cli/data_notes.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "core/parallel.h"
#include "core/units.h"
#include "runner/data/pack_writer.h"
#include "runner/work/stop_signals.h"

namespace dse {
namespace {

struct CommandOptions {
  std::string data;
  std::string out;
  std::optional<std::string> shard_size;
  PackOptions pack;
  bool quiet = false;
};

bool ReadOptions(std::span<const std::string> args, CommandOptions& options) {
  OptionParser parser("pack --data URI --out FILE [options]",
                      "Writes a dataset's images, scaled down once, into a few files that are read "
                      "as pack:FILE. Images of up to 64 px\nstay as they are, larger ones become "
                      "JPEG.");
  PackOptions& pack = options.pack;
  pack.threads = AllThreads();
  parser.Text("data", "URI", &options.data,
              "synthetic[:easy|:hard], cifar10:DIR, folder:DIR or pack:FILE");
  parser.Text("out", "FILE", &options.out, "the index; images lie beside it in FILE.0000, ...");
  parser.Int("size", "PX", &pack.size, 8, 4096,
             "longer short sides are scaled down to this (default 256)");
  parser.Int("quality", "Q", &pack.quality, 1, 100, "of JPEG (default 90)");
  parser.Flag("raw", &pack.raw, "no JPEG: about ten times the space, faster to read");
  parser.Text("shard-size", "BYTES", &options.shard_size, "of one file, such as 500M (default 1G)");
  parser.Int("threads", "T", &pack.threads, 1, 1024, "default: all cores");
  parser.Flag("force", &pack.replace, "replace an older pack");
  parser.Flag("quiet,q", &options.quiet, "no progress");
  parser.Require("data");
  parser.Require("out");
  if (!parser.Parse(args)) return false;
  if (options.shard_size) pack.shard_bytes = ParseCount(*options.shard_size);
  if (pack.shard_bytes < 1'000'000) throw UsageError("--shard-size must be at least 1M");
  return true;
}

}  // namespace

int RunPack(std::span<const std::string> args) {
  CommandOptions options;
  if (!ReadOptions(args, options)) return kExitOk;
  const std::unique_ptr<Dataset> data = OpenDataset(options.data, options.pack.threads);
  TellDataNotes(data->info(), options.quiet);
  PackSummary summary;
  {
    const StopSignals signals;
    ProgressLine line("packing", options.quiet);
    summary = WritePack(*data, options.out, options.pack, [&](int64_t done, int64_t total) {
      line.Update(done, total, "");
      return StopSignals::count() == 0;
    });
  }
  if (!summary.finished) return kExitInterrupted;
  TellFoundCorrupt(*data, options.quiet);
  PrintLine(fmt::format("{}: {} training and {} test images, {} bytes in {} {}; read as pack:{}",
                        options.out, summary.train_images, summary.test_images,
                        FormatCount(double(summary.bytes)), summary.shards,
                        summary.shards == 1 ? "shard" : "shards", options.out));
  return kExitOk;
}

}  // namespace dse
