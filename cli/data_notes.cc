#include "cli/data_notes.h"

#include <string>

#include "cli/progress.h"

namespace dse {

void TellDataNotes(const DatasetInfo& data, bool quiet) {
  if (data.corrupt_images > 0) {
    Say(quiet,
        data.uri + ": " + std::to_string(data.corrupt_images) + " corrupt images are left out");
    for (const std::string& file : data.corrupt_files) Say(quiet, "  " + file);
  }
  for (const std::string& note : data.notes) Say(quiet, note);
}

}  // namespace dse
