#include "cli/data_notes.h"

#include <string>
#include <vector>

#include "cli/progress.h"

namespace dse {
namespace {

void TellCorrupt(const std::string& uri, const std::string& what, int64_t count,
                 const std::vector<std::string>& images, bool quiet) {
  if (count == 0) return;
  Say(quiet, uri + ": " + std::to_string(count) + " corrupt images " + what);
  for (const std::string& image : images) Say(quiet, "  " + image);
}

}  // namespace

void TellDataNotes(const DatasetInfo& data, bool quiet) {
  TellCorrupt(data.uri, "are left out", data.corrupt_images, data.corrupt_files, quiet);
  for (const std::string& note : data.notes) Say(quiet, note);
}

void TellFoundCorrupt(const Dataset& data, bool quiet) {
  const CorruptSummary found = data.FoundCorrupt();
  TellCorrupt(data.info().uri, "were found when they were read, and left out", found.count,
              found.names, quiet);
}

}  // namespace dse
