#include <fmt/core.h>

#include <cmath>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "core/suggest.h"
#include "sampler/space_size.h"

namespace dse {

namespace {

// 1.8468e+18 as "1.85e18".
std::string Short(double value) {
  char text[32];
  if (value < 1e6) {
    std::snprintf(text, sizeof text, "%.0f", value);
  } else {
    const int power = static_cast<int>(std::floor(std::log10(value)));
    std::snprintf(text, sizeof text, "%.3fe%d", value / std::pow(10.0, power), power);
  }
  return text;
}

std::string Settings(const SpaceSize& size) {
  if (!size.settings) return "not counted: " + size.uncountable;
  return size.exact.value_or("about " + Short(*size.settings));
}

std::string Networks(const SpaceSize& size) {
  if (!size.share) return size.settings ? "all" : "-";
  char text[128];
  std::snprintf(text, sizeof text, "about %s (%.4g%% [%.4g, %.4g], from %lld draws)",
                Short(size.share->point * *size.settings).c_str(), 100 * size.share->point,
                100 * size.share->low, 100 * size.share->high,
                static_cast<long long>(size.share->draws));
  return text;
}

// Without names: the spaces of Table 1.
void PrintSizes(std::span<const std::string> names) {
  static const std::vector<std::string> kTable = {"AnyNetXA", "AnyNetXB", "AnyNetXC",
                                                  "AnyNetXD", "AnyNetXE", "RegNetX"};
  PrintLine(fmt::format("{:<20} {:>4}  {:<30} {:<24} {}", "space", "dim.", "Table 1 of the paper",
                        "settings, exactly", "of these in the space"));
  for (const std::string& name : names.empty() ? std::span<const std::string>(kTable) : names) {
    const Space space = Space::Load(name);
    const SpaceSize size = SizeOf(space);
    PrintLine(fmt::format("{:<20} {:4d}  {:<30} {:<24} {}", space.name(), size.dimensions,
                          size.table.value_or("-"), Settings(size), Networks(size)));
  }
}

}  // namespace

int RunSpace(std::span<const std::string> args) {
  std::vector<std::string> words;
  OptionParser parser(
      "space list | space show NAME|FILE | space size [NAME|FILE ...]",
      "Lists the built-in spaces; prints the resolved document of a space, which can be edited and "
      "sampled;\nor counts the settings of its parameters (without a name: Table 1 of the paper).");
  parser.Positional("WORD", &words, "list, show or size, and names or files");
  if (!parser.Parse(args)) return kExitOk;
  const std::vector<std::string> verbs = {"list", "show", "size"};
  if (words.empty()) {
    throw UsageError("say 'space list', 'space show NAME|FILE' or 'space size [NAME|FILE ...]'");
  }
  if (words[0] == "list" && words.size() == 1) {
    for (const std::string& name : BuiltInSpaceNames()) std::cout << name << '\n';
  } else if (words[0] == "show" && words.size() == 2) {
    std::cout << Space::Load(words[1]).document().dump(2) << '\n';
  } else if (words[0] == "size") {
    PrintSizes(std::span(words).subspan(1));
  } else if (words[0] == "show") {
    throw UsageError("'space show' takes one name or file");
  } else {
    throw UsageError("'space " + words[0] + "' is no command" + DidYouMean(words[0], verbs));
  }
  return kExitOk;
}

}  // namespace dse
