#pragma once

#include "runner/dataset.h"

namespace dse {

// Says what of a dataset is left out or passed over, known when it was opened: corrupt images with
// the reason, folders that are not used. Nothing if `quiet`.
void TellDataNotes(const DatasetInfo& data, bool quiet);

}  // namespace dse
