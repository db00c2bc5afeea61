#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dse {

// What `--where` asks of a member: "depth>=12", "flops<400M", "b1=1".
enum class Relation { kLess, kAtMost, kEqual, kNotEqual, kAtLeast, kMore };

struct Condition {
  std::string property;  // a name of analysis/study/properties.h, or "error"
  Relation relation = Relation::kEqual;
  double value = 0;
  std::string text;  // as it was given
};

// One or several conditions joined by commas. The relations are <, <=, =, ==, !=, >= and >; numbers
// may end in K, M, G or T. Throws Error with the position of what cannot be read.
std::vector<Condition> ParseConditions(std::string_view text);

// Whether a value meets the condition. Equal means equal to nine significant digits, so that 0.1
// finds what was computed as 0.1.
bool Holds(const Condition& condition, double value);

}  // namespace dse
