#include "sampler/space.h"

#include "core/rng.h"
#include "sampler/compiled_space.h"
#include "sampler/space_document.h"
#include "sampler/space_spec.h"

namespace dse {
namespace {

void ApplyOptions(const SpaceOptions& options, Json& document) {
  if (options.resolution) document["resolution"] = *options.resolution;
  if (options.classes) document["classes"] = *options.classes;
  if (options.stages) document["stages"] = *options.stages;
  if (options.stem_width) document["stem_width"] = *options.stem_width;
  if (options.stem) document["stem"] = *options.stem;
  if (options.activation) document["activation"] = *options.activation;
}

SpaceSpec ReadSpec(SpaceDocument document, const SpaceOptions& options) {
  ApplyOptions(options, document.merged);
  return ParseSpaceSpec(document.merged, document.own, document.where);
}

}  // namespace

Space::Space() = default;
Space::Space(Space&&) noexcept = default;
Space& Space::operator=(Space&&) noexcept = default;
Space::~Space() = default;

Space Space::Make(const SpaceSpec& spec, const std::string& where) {
  Space space;
  space.name_ = spec.name;
  space.document_ = SpaceSpecToJson(spec);
  space.compiled_ = std::make_unique<const Compiled>(CompileSpace(spec, where));
  return space;
}

Space Space::Load(const std::string& name_or_file, const SpaceOptions& options) {
  SpaceDocument document = LoadSpaceDocument(name_or_file);
  const std::string where = document.where;
  return Make(ReadSpec(std::move(document), options), where);
}

Space Space::FromDocument(const Json& document, const std::string& where,
                          const SpaceOptions& options) {
  return Make(ReadSpec(MergeSpaceDocument(document, where, ""), options), where);
}

const std::string& Space::name() const { return name_; }
const Json& Space::document() const { return document_; }

uint64_t Space::StreamKeyFor(uint64_t seed) const {
  Json unnamed = document_;
  unnamed.erase("name");
  return StreamKey(seed, "space " + unnamed.dump());
}

}  // namespace dse
