#include "runner/data/class_map.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>

#include "core/error.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/suggest.h"

namespace dse {
namespace {

constexpr const char* kRemedy =
    "give --class-map FILE with lines 'their name,our name', or --classes-by-order where both have "
    "the same classes in the same order";

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// A field of a line: trimmed, without its double quotes.
std::string FieldText(std::string_view text) {
  text = Trim(text);
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  std::string plain;
  for (size_t i = 1; i + 1 < text.size(); ++i) {
    plain += text[i];
    if (text[i] == '"' && text[i + 1] == '"' && i + 2 < text.size()) ++i;
  }
  return plain;
}

// The digits of a number without zeros in front; "0" for zero.
std::string_view Digits(std::string_view name) {
  const size_t first = name.find_first_not_of('0');
  return first == std::string_view::npos ? name.substr(name.size() - 1) : name.substr(first);
}

bool IsNumber(const std::string& name) {
  return !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
}

using Places = std::map<std::string, int>;

Places PlacesOf(const ClassList& list) {
  Places places;
  for (size_t i = 0; i < list.names.size(); ++i) {
    if (!places.emplace(list.names[i], static_cast<int>(i)).second) {
      throw Error(list.owner + ": has the class '" + list.names[i] + "' twice");
    }
  }
  return places;
}

// The outputs that a file gives, class by class.
class FileReading {
 public:
  FileReading(const ClassList& network, const ClassList& data, const ClassNaming& naming)
      : network_(network),
        data_(data),
        naming_(naming),
        ours_(PlacesOf(network)),
        theirs_(PlacesOf(data)) {}

  std::vector<std::optional<int>> Read() const {
    std::vector<std::optional<int>> outputs(data_.names.size());
    std::vector<int> said_in(data_.names.size());
    for (const auto& [number, text] : naming_.lines) {
      const auto [their, output] = ReadLine(number, text);
      const auto place = static_cast<size_t>(their);
      if (outputs[place]) {
        Fail(number, "names the class '" + data_.names[place] + "' again, after line " +
                         std::to_string(said_in[place]));
      }
      outputs[place] = output;
      said_in[place] = number;
    }
    return outputs;
  }

 private:
  // The class of the data and the output of a line.
  std::pair<int, int> ReadLine(int number, const std::string& text) const {
    std::vector<std::pair<int, int>> readings;
    for (size_t comma = text.find(','); comma != std::string::npos;
         comma = text.find(',', comma + 1)) {
      const auto their = theirs_.find(FieldText(std::string_view(text).substr(0, comma)));
      const std::optional<int> output = Output(FieldText(std::string_view(text).substr(comma + 1)));
      if (their != theirs_.end() && output) readings.emplace_back(their->second, *output);
    }
    if (readings.size() == 1) return readings.front();
    if (readings.size() > 1) Fail(number, "can be read in two ways; put the names in quotes");
    const size_t comma = text.find(',');
    const std::string their = FieldText(std::string_view(text).substr(0, comma));
    if (!theirs_.contains(their)) {
      Fail(number, data_.owner + " has no class '" + their + "'" + DidYouMean(their, data_.names));
    }
    const std::string our = FieldText(std::string_view(text).substr(comma + 1));
    if (network_.names.empty()) {
      Fail(number, fmt::format("'{}' is no number from 0 to {}; the weights carry no class names, "
                               "so outputs are numbered",
                               our, network_.count - 1));
    }
    Fail(number, network_.owner + " has no class '" + our + "'" + DidYouMean(our, network_.names));
  }

  std::optional<int> Output(const std::string& name) const {
    if (!network_.names.empty()) {
      const auto found = ours_.find(name);
      return found == ours_.end() ? std::nullopt : std::optional<int>(found->second);
    }
    int output = -1;
    const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), output);
    const bool sound = problem == std::errc() && end == name.data() + name.size();
    return sound && output >= 0 && output < network_.count ? std::optional<int>(output)
                                                           : std::nullopt;
  }

  [[noreturn]] void Fail(int number, const std::string& what) const {
    throw Error(fmt::format("{}: line {}: {}", naming_.file, number, what));
  }

  const ClassList& network_;
  const ClassList& data_;
  const ClassNaming& naming_;
  const Places ours_;
  const Places theirs_;
};

std::string Counts(const ClassList& network, const ClassList& data) {
  return fmt::format("{} classes there, {} here", data.count, network.count);
}

[[noreturn]] void FailUnmatched(const ClassList& network, const ClassList& data,
                                const std::string& name) {
  const std::set<std::string> there(data.names.begin(), data.names.end());
  const auto own = std::find_if(network.names.begin(), network.names.end(),
                                [&](const std::string& one) { return !there.contains(one); });
  std::string text = data.owner + " has the class '" + name + "', which " + network.owner +
                     " has not" + DidYouMean(name, network.names);
  text += text.ends_with('?') ? " " : "; ";
  if (own != network.names.end()) {
    text += "the first class of " + network.owner + " that is not there is '" + *own + "' ";
  }
  throw Error(text + "(" + Counts(network, data) + "); " + kRemedy);
}

ClassMap ByOrder(const ClassList& network, const ClassList& data) {
  if (network.count != data.count) {
    throw Error(fmt::format(
        "--classes-by-order needs as many classes in the data as the network has outputs: {} has "
        "{}, {} has {}",
        data.owner, data.count, network.owner, network.count));
  }
  if (std::is_permutation(network.names.begin(), network.names.end(), data.names.begin(),
                          data.names.end()) &&
      network.names != data.names) {
    throw Error(data.owner + " and " + network.owner +
                " have the same class names in another order; without --classes-by-order they are "
                "matched by name");
  }
  if (network.names.empty() && NumbersOutOfByteOrder(data.names)) {
    throw Error(network.owner +
                ": its weights carry no class names, and the versions that kept none had classes "
                "that are numbers in the order 0, 1, 10, 2; give --class-map FILE with lines "
                "'their name,output', outputs from 0");
  }
  ClassMap map;
  for (int i = 0; i < data.count; ++i) map.outputs.push_back(i);
  return map;
}

ClassMap ByName(const ClassList& network, const ClassList& data, const ClassNaming& naming) {
  if (network.names.empty() && naming.file.empty()) {
    throw Error(network.owner +
                ": its weights carry no class names (an older version kept them) "
                "and were not trained on " +
                data.owner + "; " + kRemedy);
  }
  const Places ours = PlacesOf(network);
  const std::vector<std::optional<int>> said = FileReading(network, data, naming).Read();
  ClassMap map;
  for (size_t i = 0; i < data.names.size(); ++i) {
    const auto found = ours.find(data.names[i]);
    if (said[i]) {
      map.outputs.push_back(*said[i]);
    } else if (found != ours.end()) {
      map.outputs.push_back(found->second);
    } else if (network.names.empty()) {
      throw Error(naming.file + ": says nothing of the class '" + data.names[i] + "' of " +
                  data.owner + "; where weights carry no class names every class needs a line");
    } else {
      FailUnmatched(network, data, data.names[i]);
    }
  }
  return map;
}

}  // namespace

std::string ClassNaming::Identity() const {
  std::string text = by_order ? "by order\n" : "";
  for (const auto& line : lines) text += std::string(Trim(line.second)) + "\n";
  return text;
}

std::string ClassNaming::Text() const {
  if (by_order) return "by order";
  return lines.empty() ? "" : file + " (" + ShortHash(Identity()).substr(0, 8) + ")";
}

ClassNaming ReadClassNaming(const std::string& path) {
  std::string text = ReadFile(path);
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  ClassNaming naming;
  naming.file = path;
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (Trim(line).empty()) continue;
    if (line.find(',') == std::string::npos) {
      throw Error(
          fmt::format("{}: line {}: has no comma; lines are 'their name,our name'", path, number));
    }
    naming.lines.emplace_back(number, Trim(line));
  }
  if (naming.lines.empty()) throw Error(path + ": has no line 'their name,our name'");
  return naming;
}

ClassMap MapClasses(const ClassList& network, const ClassList& data, const ClassNaming& naming) {
  ClassMap map = naming.by_order ? ByOrder(network, data) : ByName(network, data, naming);
  const std::set<int> tested(map.outputs.begin(), map.outputs.end());
  map.tested.assign(tested.begin(), tested.end());
  map.network_classes = network.count;
  if (map.tested.size() < 2) {
    throw Error(data.owner + ": has one class of " + network.owner +
                "; where there is nothing to choose from, an error says nothing");
  }
  return map;
}

bool NumbersOutOfByteOrder(const std::vector<std::string>& names) {
  return std::all_of(names.begin(), names.end(), IsNumber) &&
         !std::is_sorted(names.begin(), names.end());
}

void SortClassNames(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  if (!std::all_of(names.begin(), names.end(), IsNumber)) return;
  std::stable_sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    const std::string_view x = Digits(a), y = Digits(b);
    return std::pair(x.size(), x) < std::pair(y.size(), y);
  });
}

}  // namespace dse
