#pragma once

namespace dse {

const char* Version();  // "0.1.0"
const char* Commit();   // short git commit of the build, "unknown" outside a checkout

// The version of the sampler's law: populations of another version are not extended.
inline constexpr int kSamplerVersion = 2;

}  // namespace dse
