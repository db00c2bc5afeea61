#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "core/json.h"
#include "core/model.h"

namespace dse {

// The model of a JSON text.
inline Model ModelOf(const std::string& text) {
  return ParseModel(ParseJson(text, "test"), "test");
}

// A two-stage network for 16 px images of three classes.
inline Model TinyModel(const std::string& block) {
  const bool groups = block == "X" || block == "Y";
  const bool bottleneck = groups || block == "R";
  if (block == "MBConv") {
    return ModelOf(R"({"type":"anynet","block":"MBConv","stem":"efficientnet","stem_width":8,
      "activation":"swish","se_ratio":0.25,"resolution":16,"classes":3,"depths":[1,2],
      "widths":[8,16],"strides":[1,2],"kernels":[3,5],"expansions":[1,4],"head_width":32})");
  }
  return ModelOf(R"({"type":"anynet","block":")" + block +
                 R"(","stem":"cifar","stem_width":8,"resolution":16,"classes":3,)"
                 R"("depths":[1,2],"widths":[16,24])" +
                 (bottleneck ? R"(,"bottleneck":[1,2])" : "") +
                 (groups ? R"(,"group_widths":[8,4])" : "") + "}");
}

}  // namespace dse
