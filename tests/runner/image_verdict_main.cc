// Prints for each file it is given whether its image is sound: "sound", or why it is left out.
// tests/peers/image_verdicts.py compares that with what others decode.

#include <cstdio>

#include "core/error.h"
#include "runner/data/images/image_file.h"

int main(int count, char** paths) {
  for (int i = 1; i < count; ++i) {
    try {
      const dse::Decoding header = dse::ReadImageSize(paths[i]);
      const dse::Decoding image = dse::DecodeImageFile(paths[i]);
      const std::string& reason = header.intact() ? image.reason() : header.reason();
      std::printf("%s\t%s\n", paths[i], reason.empty() ? "sound" : reason.c_str());
    } catch (const dse::Error& error) {
      std::printf("%s\t%s\n", paths[i], error.what());
    }
  }
  return 0;
}
