#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/model.h"
#include "sampler/constraint.h"
#include "sampler/distribution.h"
#include "sampler/parameter.h"

namespace dse {

// A space's document, typed: what is left once `extends` and options are applied.
struct SpaceSpec {
  std::string name;
  bool regnet = false;  // "type": "regnet" or "anynet"
  Frame frame;
  std::vector<int> strides;  // one per stage
  std::map<Parameter, Distribution> parameters;
  std::vector<Constraint> constraints;  // each once, in order of first appearance

  int stages() const { return static_cast<int>(strides.size()); }
  bool Shares(Parameter parameter) const;
};

// Reads a merged document, an object whose parameters are an object and whose constraints are a
// list. Defaults are filled in. `own` is the part the user wrote: parameters that the block has not
// are dropped where they were inherited and refused where they stand in `own`. Throws Error with
// the path of what is wrong; `where` names the document.
SpaceSpec ParseSpaceSpec(const Json& merged, const Json& own, const std::string& where);

// The document that stands alone: every default written out.
Json SpaceSpecToJson(const SpaceSpec& spec);

}  // namespace dse
