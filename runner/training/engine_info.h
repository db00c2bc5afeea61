#pragma once

#include <string>

namespace dse {

// What computed, as a run's row tells it.
struct EngineInfo {
  std::string name;     // "LibTorch"
  std::string version;  // "2.11.0"
  // "LibTorch 2.11.0"
  std::string Text() const { return version.empty() ? name : name + " " + version; }
};

}  // namespace dse
