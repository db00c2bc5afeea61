#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace dse {

// A decoded image: 8-bit RGB, interleaved, row after row.
struct Image {
  int height = 0;
  int width = 0;
  std::vector<uint8_t> pixels;  // height * width * 3
};

// A rectangle of whole pixels.
struct Box {
  int y = 0, x = 0;
  int height = 0, width = 0;
  friend bool operator==(const Box&, const Box&) = default;
};

// A rectangle whose borders may lie within pixels; pixel i covers i to i + 1.
struct RealBox {
  double y = 0, x = 0;
  double height = 0, width = 0;
  RealBox() = default;
  RealBox(double y_, double x_, double height_, double width_)
      : y(y_), x(x_), height(height_), width(width_) {}
  RealBox(const Box& box) : RealBox(box.y, box.x, box.height, box.width) {}  // every Box is one
};

// What is made of an image: `source` is scaled to height x width, and `window` of that is kept.
struct Cut {
  Box source;
  int height = 0;
  int width = 0;
  Box window;
  // Whether a decoder may scale down on its own while source stays as large as height x width.
  bool may_reduce = false;
};

// Decides on the cut once the size of the image is known.
using ChooseCut = std::function<Cut(int height, int width)>;

// Pixels to make a cut from: the image itself, or the part that is needed, perhaps scaled down.
struct CutSource {
  const Image* image = nullptr;
  RealBox source;  // cut.source in this image; reaches beyond it where the cut's window does not
  Cut cut;
};

// The cut from an image that is there as a whole.
inline CutSource WholeCutSource(const Image& image, const ChooseCut& choose) {
  const Cut cut = choose(image.height, image.width);
  return {&image, cut.source, cut};
}

// Memory for reading one image after another, of any dataset. One per thread.
struct ReadScratch {
  std::vector<uint8_t> file;
  Image image;
};

}  // namespace dse
