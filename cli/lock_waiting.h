#pragma once

namespace dse {

// From now on this command waits so many seconds for a results file that another program has
// locked, says so on stderr after five, and gives up on Ctrl-C where that is counted.
void WaitForLocks(double seconds);

}  // namespace dse
