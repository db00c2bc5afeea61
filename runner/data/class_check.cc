#include "runner/data/class_check.h"

#include <fmt/core.h>

#include "core/error.h"

namespace dse {

void CheckClasses(const std::string& whose, int classes, const DatasetInfo& data) {
  if (classes == data.classes()) return;
  throw Error(
      fmt::format("{0} for {1} classes but '{2}' has {3}; draw or add them with --classes {3}",
                  whose, classes, data.uri, data.classes()));
}

}  // namespace dse
