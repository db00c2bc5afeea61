#pragma once

#include "runner/data/dataset.h"

namespace dse {

// Says what of a dataset is left out or not read, known when it was opened: corrupt images with the
// reason, files of other kinds, folders that are not used. Nothing if `quiet`.
void TellDataNotes(const DatasetInfo& data, bool quiet);

// Says at the end of a command how many further images were found corrupt while it read them.
void TellFoundCorrupt(const Dataset& data, bool quiet);

}  // namespace dse
