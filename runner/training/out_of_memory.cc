#include "runner/training/out_of_memory.h"

#include "core/error.h"

namespace dse {

void ThrowHostMemory(const std::string& device_name, bool has_own_memory) {
  if (!has_own_memory) throw OutOfMemory("out of memory on " + device_name, /*certain=*/true);
  throw Error("this machine's memory, not that of " + device_name +
                  ", is used up: start fewer workers or choose a smaller batch_size",
              Fault::kMachine);
}

}  // namespace dse
