#include "runner/training/checkpoint.h"

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "core/durable_file.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/json.h"
#include "runner/data/class_map.h"
#include "runner/training/engine_info.h"
#include "runner/training/weights_metadata.h"

namespace dse {
namespace {

constexpr const char* kKey = "dse_key";
constexpr const char* kData = "dse_data";  // fingerprint
constexpr const char* kEngine =
    "dse_engine";  // TrainingState::engines; not told by LibTorch's of before
constexpr const char* kState = "dse_state";
constexpr int64_t kMaxSteps = int64_t{1} << 40;

// Of a trainer's epochs every number is there and finite.
Json EpochToJson(const EpochRecord& epoch) {
  return {epoch.epoch,      epoch.lr,          *epoch.train_loss, *epoch.train_error,
          *epoch.test_loss, *epoch.test_error, epoch.seconds};
}

EpochRecord EpochFromJson(const Json& json) {
  return {json.at(0).get<int>(),    json.at(1).get<double>(), json.at(2).get<double>(),
          json.at(3).get<double>(), json.at(4).get<double>(), json.at(5).get<double>(),
          json.at(6).get<double>()};
}

std::string StateToText(const TrainingState& state, const UpdateState& updates) {
  Json history = Json::array();
  for (const EpochRecord& epoch : state.history) history.push_back(EpochToJson(epoch));
  return Json{{"epoch", state.epoch},
              {"step", state.step},
              {"losses", state.losses},
              {"wrong", state.wrong},
              {"history", history},
              {"parts", state.parts},
              {"epoch_seconds", state.epoch_seconds},
              {"seconds", state.seconds},
              {"training_seconds", state.training_seconds},
              {"optimizer_steps", updates.steps},
              {"loss_scale", updates.loss_scale},
              {"good_steps", updates.good_steps}}
      .dump();
}

// What StateToText wrote: its file's checksum holds.
TrainingState StateFromJson(const Json& json) {
  TrainingState state;
  state.epoch = json.at("epoch").get<int>();
  state.step = json.at("step").get<int64_t>();
  state.losses = json.at("losses").get<std::vector<double>>();
  state.wrong = json.at("wrong").get<int64_t>();
  for (const Json& epoch : json.at("history")) state.history.push_back(EpochFromJson(epoch));
  state.parts = json.at("parts").get<int>();
  state.epoch_seconds = json.at("epoch_seconds").get<double>();
  state.seconds = json.at("seconds").get<double>();
  state.training_seconds = json.at("training_seconds").get<double>();
  if (state.step < 0 || state.step > kMaxSteps || state.parts < 1 ||
      state.losses.size() != static_cast<size_t>(state.step) ||
      state.history.size() != static_cast<size_t>(state.epoch)) {
    throw Error("its state contradicts itself");
  }
  return state;
}

UpdateState UpdatesFromJson(const Json& json) {
  return {json.at("optimizer_steps").get<int64_t>(), json.at("loss_scale").get<double>(),
          json.at("good_steps").get<int>()};
}

// The key has the fingerprint in it. One from before fingerprints covered contents has another key
// and is not continued: it could have seen other images of the same names.
void CheckOwner(const std::string& path, std::map<std::string, std::string>& metadata,
                const CheckpointOwner& owner) {
  if (metadata[kKey] == owner.key) return;
  const std::string& data = metadata[kData];
  if (data.empty()) {
    throw Error(path + ": is of another run, or of before checkpoints told the contents of data");
  }
  if (data != owner.data) {
    throw Error(path + ": is of other data (" + data + ", not " + owner.data + ")");
  }
  throw Error(path + ": is of another run, or was begun in another precision");
}

// Versions that kept no names ordered all classes by their bytes.
void CheckClassNames(const TensorFile& file, const std::string& path,
                     const std::vector<std::string>& classes) {
  const std::vector<std::string> kept = ReadClassNames(file.metadata, path);
  if (kept.empty() ? NumbersOutOfByteOrder(classes) : NamesToText(kept) != NamesToText(classes)) {
    throw Error(path + ": its classes are others, or in another order, than the data's");
  }
}

std::optional<FoundCheckpoint> TryCheckpoint(const std::string& path, const CheckpointOwner& owner,
                                             const std::function<void(const std::string&)>& warn) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return {};
  try {
    FoundCheckpoint found{path, {}, {}, ReadSafetensors(path, Checksum::kRequired)};
    CheckOwner(path, found.file.metadata, owner);
    CheckClassNames(found.file, path, owner.classes);
    const Json state = ParseJson(found.file.metadata[kState], path);
    found.state = StateFromJson(state);
    const auto engines = found.file.metadata.find(kEngine);
    found.state.engines = engines == found.file.metadata.end() ? kLibTorch : engines->second;
    found.updates = UpdatesFromJson(state);
    return found;
  } catch (const std::exception& failure) {
    warn(std::string("a checkpoint is not used: ") + failure.what());
    return {};
  }
}

}  // namespace

CheckpointOwner OwnerOfCheckpoint(const TrainingJob& job, Precision resolved) {
  const DatasetInfo& data = job.data.info();
  const std::string precision = resolved == Precision::kFp32 ? "" : PrecisionWord(resolved);
  return {ShortHash(ModelHash(job.model) + RecipeHash(job.recipe) + data.fingerprint +
                    std::to_string(job.seed) + precision),
          data.fingerprint, data.class_names};
}

bool SaveCheckpoint(const std::string& path, const CheckpointOwner& owner,
                    const TrainingState& state, EngineNetwork& network,
                    const PublishHook& publish) {
  TensorFile file;
  UpdateState updates;
  file.tensors = network.GiveRecords(updates);
  file.metadata = {{kKey, owner.key},
                   {kData, owner.data},
                   {kClassNames, NamesToText(owner.classes)},
                   {kEngine, state.engines},
                   {kState, StateToText(state, updates)}};
  PendingFile fresh(path + ".fresh");
  WriteSafetensors(fresh, file);
  const auto put_in_place = [&] {
    fresh.Publish();
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) RenameDurably(path, path + ".previous");
    RenameDurably(fresh.path(), path);
  };
  if (publish) return publish(put_in_place);
  put_in_place();
  return true;
}

std::optional<FoundCheckpoint> FindCheckpoint(const std::string& path, const CheckpointOwner& owner,
                                              const std::function<void(const std::string&)>& warn) {
  std::optional<FoundCheckpoint> found;
  for (const char* end : {".fresh", "", ".previous"}) {
    if (!found) found = TryCheckpoint(path + end, owner, warn);
  }
  return found;
}

}  // namespace dse
