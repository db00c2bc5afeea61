#pragma once

#include <string>

namespace dse {

// The name of the engine with LibTorch, as rows have it.
inline constexpr const char* kLibTorch = "LibTorch";
// The name of the program's own engine.
inline constexpr const char* kNative = "native";

// What computed, as a run's row tells it.
struct EngineInfo {
  std::string name;     // "LibTorch"
  std::string version;  // "2.11.0"
  // "LibTorch 2.11.0"
  std::string Text() const { return version.empty() ? name : name + " " + version; }
};

}  // namespace dse
