#pragma once

namespace dse {

const char* Version();  // "0.1.0"
const char* Commit();   // short git commit of the build, "unknown" outside a checkout

}  // namespace dse
