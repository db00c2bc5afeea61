#include <iostream>

#include "cli/command.h"
#include "cli/options.h"
#include "core/suggest.h"
#include "sampler/space.h"

namespace dse {

int RunSpace(std::span<const std::string> args) {
  std::vector<std::string> words;
  OptionParser parser(
      "space list | space show NAME|FILE",
      "Lists the built-in spaces, or prints the resolved document of a space, which "
      "can be edited and sampled.");
  parser.Positional("WORD", &words, "list, or show and a name or file");
  if (!parser.Parse(args)) return kExitOk;
  const std::vector<std::string> verbs = {"list", "show"};
  if (words.empty()) throw UsageError("say 'space list' or 'space show NAME|FILE'");
  if (words[0] == "list" && words.size() == 1) {
    for (const std::string& name : BuiltInSpaceNames()) std::cout << name << '\n';
    return kExitOk;
  }
  if (words[0] == "show" && words.size() == 2) {
    std::cout << Space::Load(words[1]).document().dump(2) << '\n';
    return kExitOk;
  }
  if (words[0] == "show") throw UsageError("'space show' takes one name or file");
  throw UsageError("'space " + words[0] + "' is no command" + DidYouMean(words[0], verbs));
}

}  // namespace dse
