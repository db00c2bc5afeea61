#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/fit.h"

namespace dse {

// A network as the paper draws it (figure 6): a bar for each block, as high as the block is wide.
struct NetworkSketch {
  std::string title;        // a line above, any text
  std::string details;      // a smaller line below it
  std::vector<int> widths;  // of all blocks, first to last
  std::vector<int> depths;  // of the stages: bars of neighbouring stages differ in shade
  std::optional<Fit> fit;   // its widths are drawn as a dashed line
};

// A complete <svg> element, 300 wide and 150 high in its own units, in the colour of the text
// around it. Bars are drawn to a scale on which `widest` fills the height; widest >= every width.
// Equal sketches give equal bytes.
std::string DrawNetwork(const NetworkSketch& sketch, int widest);

// Several below one another in one document of its own, black on white.
std::string DrawNetworks(const std::vector<NetworkSketch>& sketches);

}  // namespace dse
