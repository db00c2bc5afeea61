#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sampler/space.h"

namespace dse {

// How many networks a space can be said to hold, as Table 1 of the paper counts: settings of the
// parameters that draw a network; lr and weight decay are not counted. Laws count as sets, whatever
// their probabilities; orders are taken on the values as drawn.
struct SpaceSize {
  int dimensions = 0;                // parameters with more than one value, every stage's counted
  std::optional<std::string> table;  // what Table 1 prints for this space
  // Settings; of an AnyNet those that keep the orders and the bounds on depth. The digits are
  // absent above 2^128, both are where `uncountable` says why.
  std::optional<std::string> exact;
  std::optional<double> settings;
  std::string uncountable;  // "wa is continuous", or ""
  // Share of these settings that make networks within all constraints; where some may not, it is
  // estimated from draws that are uniform on the settings, with a 99% interval.
  struct Share {
    double point = 1;
    double low = 1;
    double high = 1;
    int64_t draws = 0;
  };
  std::optional<Share> share;
};

SpaceSize SizeOf(const Space& space);

}  // namespace dse
