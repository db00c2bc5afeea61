#include "cli/model_lines.h"

#include <filesystem>
#include <istream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "core/named_models.h"
#include "core/object_writer.h"
#include "core/suggest.h"

namespace dse {
namespace {

constexpr size_t kUsualLineBytes = 512;

void PutComplexity(const Complexity& complexity, ObjectWriter& line) {
  line.Int("flops", complexity.flops);
  line.Int("params", complexity.params);
  line.Int("acts", complexity.acts);
}

void AppendFit(const Fit& fit, std::string& text) {
  ObjectWriter object(text);
  object.Real("w0", fit.w0);
  object.Real("wa", fit.wa);
  object.Real("wm", fit.wm);
  object.Key("e_fit") += Json(fit.e_fit).dump();  // a fraction even where it is whole: 0.0
  object.Close();
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
  std::string text;
  text.reserve(kUsualLineBytes);
  ObjectWriter line(text);
  line.Int("index", draw.index);
  line.Int("candidate", draw.candidate);
  line.Text("hash", draw.hash);
  AppendModel(draw.model, ModelPart::kAll, line.Key("model"));
  AppendOverrides(draw.overrides, line.Key("overrides"));
  PutComplexity(draw.complexity, line);
  line.Close();
  return text;
}

std::string InspectLine(const Model& model, const Fit& fit) {
  std::string text;
  ObjectWriter line(text);
  line.Text("name", model.name);
  line.Text("hash", ModelHash(model));
  AppendModel(model, ModelPart::kAll, line.Key("model"));
  PutComplexity(CountComplexity(model), line);
  AppendFit(fit, line.Key("fit"));
  line.Close();
  return text;
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
