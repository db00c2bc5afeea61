#include "cli/device_options.h"

namespace dse {

void AddDeviceOptions(OptionParser& parser, TrainerOptions& options) {
  parser.Text("device", "D", &options.device, "auto, cpu, cuda or cuda:N (default auto)");
  parser.OneOf("engine", {"auto", "native", "torch"}, &options.engine,
               "auto, native (on the CPU) or torch; auto: native on the CPU where it can, else "
               "torch (default auto)");
}

}  // namespace dse
