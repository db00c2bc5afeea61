#include "cli/model_lines.h"

#include <filesystem>
#include <istream>
#include <iterator>

#include "core/named_models.h"
#include "core/suggest.h"

namespace dse {
namespace {

using OrderedJson = nlohmann::ordered_json;

void PutComplexity(const Complexity& complexity, OrderedJson& line) {
  line["flops"] = complexity.flops;
  line["params"] = complexity.params;
  line["acts"] = complexity.acts;
}

// A model document, or an object that holds one under "model".
GivenModel ModelOf(const Json& json, const std::string& where) {
  const bool wrapped = json.is_object() && json.contains("model");
  if (!wrapped) return {ParseModel(json, where), {}};
  GivenModel given{ParseModel(json.at("model"), where), {}};
  if (given.model.name.empty() && json.contains("name") && json.at("name").is_string()) {
    given.model.name = json.at("name").get<std::string>();
  }
  if (json.contains("overrides")) {
    given.overrides = ParseOverrides(json.at("overrides"), where + ": overrides");
  }
  return given;
}

void ReadLines(const std::string& text, const std::string& source,
               std::vector<GivenModel>& models) {
  size_t begin = 0;
  for (int64_t number = 1; begin < text.size(); ++number) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    const std::string where = source + " line " + std::to_string(number);
    models.push_back(ModelOf(ParseJson(line, where), where));
  }
}

// A whole document where the text is one, else JSON Lines.
void ReadFileModels(const std::string& path, std::vector<GivenModel>& models) {
  const std::string text = ReadFile(path);
  const size_t first_end = text.find('\n');
  if (first_end != text.npos && Json::accept(text.substr(0, first_end)) && !Json::accept(text)) {
    ReadLines(text, path, models);
  } else {
    models.push_back(ModelOf(ParseJson(text, path), path));
  }
}

}  // namespace

std::string DrawLine(const Draw& draw) {
  OrderedJson line;
  line["index"] = draw.index;
  line["candidate"] = draw.candidate;
  line["hash"] = draw.hash;
  line["model"] = ModelToJson(draw.model);
  line["overrides"] = OverridesToJson(draw.overrides);
  PutComplexity(draw.complexity, line);
  return line.dump();
}

std::string InspectLine(const Model& model, const Fit& fit) {
  OrderedJson line;
  line["name"] = model.name;
  line["hash"] = ModelHash(model);
  line["model"] = ModelToJson(model);
  PutComplexity(CountComplexity(model), line);
  line["fit"] = {
      {"w0", Number(fit.w0)}, {"wa", Number(fit.wa)}, {"wm", Number(fit.wm)}, {"e_fit", fit.e_fit}};
  return line.dump();
}

std::vector<GivenModel> ReadModels(std::span<const std::string> words, std::istream& input) {
  std::vector<GivenModel> models;
  for (const std::string& word : words) {
    const std::string wanted = CanonicalName(word);
    bool named = false;
    for (const std::string& name : ModelNames()) named |= CanonicalName(name) == wanted;
    if (named) {
      models.push_back({NamedModel(word), {}});
    } else if (word == "-") {
      const std::string text{std::istreambuf_iterator<char>(input), {}};
      ReadLines(text, "standard input", models);
    } else if (std::filesystem::exists(word)) {
      ReadFileModels(word, models);
    } else {
      throw Error("'" + word + "' is neither a file nor the name of a model" +
                  DidYouMean(word, ModelNames()));
    }
  }
  return models;
}

}  // namespace dse
