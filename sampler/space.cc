#include "sampler/space.h"

#include <nlohmann/json.hpp>

#include "core/rng.h"
#include "sampler/compiled_space.h"
#include "sampler/contradictions.h"
#include "sampler/space_document.h"
#include "sampler/space_spec.h"

namespace dse {
namespace {

// The options as a document on top of the space's own.
Json OptionsDocument(const SpaceOptions& options, const std::string& name) {
  Json document{{"name", name}};
  if (options.resolution) document["resolution"] = *options.resolution;
  if (options.classes) document["classes"] = *options.classes;
  if (options.stages) document["stages"] = *options.stages;
  if (options.stem_width) document["stem_width"] = *options.stem_width;
  if (options.stem) document["stem"] = *options.stem;
  if (options.activation) document["activation"] = *options.activation;
  return document;
}

}  // namespace

Space::Space() = default;
Space::Space(Space&&) noexcept = default;
Space& Space::operator=(Space&&) noexcept = default;
Space::~Space() = default;

Space Space::Make(const LoadedSpace& loaded, const SpaceOptions& options) {
  Space space;
  const Json applied = OptionsDocument(options, loaded.spec.name);
  space.spec_ =
      std::make_unique<const SpaceSpec>(ParseSpaceSpec(applied, &loaded.spec, loaded.where));
  space.compiled_ = std::make_unique<const CompiledSpace>(CompileSpace(*space.spec_, loaded.where));
  RefuseContradictions(*space.spec_, *space.compiled_, loaded.where);
  space.document_ = std::make_unique<const Json>(SpaceSpecToJson(*space.spec_));
  return space;
}

Space Space::Load(const std::string& name_or_file, const SpaceOptions& options) {
  return Make(LoadSpace(name_or_file), options);
}

Space Space::FromDocument(const Json& document, const std::string& where,
                          const SpaceOptions& options) {
  return Make(ReadSpace(document, where, ""), options);
}

const std::string& Space::name() const { return spec_->name; }
const Json& Space::document() const { return *document_; }

uint64_t Space::StreamKeyFor(uint64_t seed) const {
  Json unnamed = *document_;
  unnamed.erase("name");
  if (unnamed.contains("models")) {
    for (Json& model : unnamed["models"]) model.erase("name");
  }
  return StreamKey(seed, "space " + unnamed.dump());
}

}  // namespace dse
