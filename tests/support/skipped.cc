#include "tests/support/skipped.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>

namespace dse {

void Skipped(const std::string& reason) {
  std::cout << "SKIPPED: " << Catch::getResultCapture().getCurrentTestName() << ": " << reason
            << std::endl;
}

std::string FolderFrom(const char* variable) {
  const char* folder = std::getenv(variable);
  if (folder != nullptr && *folder != '\0') return folder;
  Skipped(std::string(variable) + " is not set");
  return "";
}

}  // namespace dse
