#pragma once

#include <c10/core/Device.h>
#include <c10/core/DeviceGuard.h>
#include <c10/util/Exception.h>

#include <new>
#include <optional>
#include <string>
#include <vector>

#include "runner/training/device_info.h"
#include "runner/training/engine_info.h"
#include "runner/training/out_of_memory.h"
#include "runner/training/trainer_options.h"

namespace dse {

// Where networks are computed.
struct Site {
  std::vector<at::Device> devices;  // of every replica
  int threads = 1;                  // of the CPU, shared by the replicas
  DeviceInfo info;                  // of the devices
  std::string name;                 // theirs, or what was asked for

  bool on_cpu() const { return devices.front().is_cpu(); }
};

// Throws Error for a device that is not there.
Site MakeSite(const TrainerOptions& options);

// Throws what a failure of the library is: OutOfMemory, or Error with its fault.
[[noreturn]] void ThrowAs(const c10::Error& error, const Site& site);

// Sets what the library keeps for each thread: how many threads it has for its work, and the
// current device until this is gone.
class AtSite {
 public:
  explicit AtSite(const Site& site);
  AtSite(const AtSite&) = delete;
  AtSite& operator=(const AtSite&) = delete;

 private:
  c10::OptionalDeviceGuard guard_;
};

// Runs `body`; what it throws is told apart as above, with every tensor of the body already
// destroyed.
template <typename Body>
auto Guarded(const Site& site, const Body& body) {
  try {
    return body();
  } catch (const c10::Error& error) {
    ThrowAs(error, site);
  } catch (const OutOfMemory&) {
    throw;
  } catch (const std::bad_alloc&) {
    ThrowHostMemory(site.name, !site.on_cpu());
  }
}

// The same at the site. To get there may fail too: a lost GPU answers with the error of an earlier
// call.
template <typename Body>
auto GuardedAt(const Site& site, const Body& body) {
  std::optional<AtSite> here;
  return Guarded(site, [&] {
    here.emplace(site);
    return body();
  });
}

// Gives memory back that the library keeps for later.
void FreeCachedMemory(const Site& site);

// "LibTorch 2.11.0"
EngineInfo LibTorchInfo();

}  // namespace dse
