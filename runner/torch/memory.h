#pragma once

namespace dse {

// Keeps the C library from giving memory back to the system between steps: LibTorch frees every
// activation and asks for it again, and the page faults cost a fifth of a step. Call it before the
// first tensor is made; only the first call in a process does something, and only with glibc.
void KeepFreedMemory();

}  // namespace dse
