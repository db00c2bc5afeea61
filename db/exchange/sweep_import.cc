#include "db/exchange/sweep_import.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/complexity.h"
#include "core/hash.h"
#include "core/result.h"
#include "core/units.h"
#include "db/exchange/pycls_model.h"
#include "db/exchange/pycls_training.h"
#include "db/exchange/sweep_reader.h"

namespace dse {
namespace {

constexpr int64_t kMaxEpochs = 1'000'000;
constexpr double kMaxEpochSeconds = 1e200;  // sums of them can be stored

// A finite number at a path of keys; empty where there is none.
std::optional<double> NumberAt(const Json& data, std::initializer_list<const char*> path) {
  const Json* value = &data;
  for (const char* key : path) {
    if (!value->is_object()) return {};
    const auto at = value->find(key);
    if (at == value->end()) return {};
    value = &*at;
  }
  return value->is_number() ? std::optional(value->get<double>()) : std::nullopt;
}

std::optional<int64_t> SeedAt(const Json& data, const char* key) {
  const auto at = data.find(key);
  if (at == data.end() || !at->is_number_integer()) return {};
  const bool fits = !at->is_number_unsigned() || at->get<uint64_t>() <= uint64_t{INT64_MAX};
  return fits && at->get<int64_t>() >= 0 ? std::optional(at->get<int64_t>()) : std::nullopt;
}

// The records of one kind of a job, such as test_epoch: a list for each metric, all of one length
// and ordered by epoch.
class EpochLists {
 public:
  EpochLists(const Json& data, const char* kind, std::string where)
      : where_(std::move(where) + ": " + kind) {
    const auto at = data.find(kind);
    if (at == data.end() || at->is_null()) return;
    lists_ = &*at;
    if (!lists_->is_object()) throw Error(where_ + " must be an object of lists");
    const auto epochs = lists_->find("epoch_ind");
    if (epochs == lists_->end() || !epochs->is_array()) {
      throw Error(where_ + " has no list epoch_ind");
    }
    size_ = epochs->size();
  }

  size_t size() const { return size_; }
  int64_t Epoch(size_t i) const { return Whole("epoch_ind", i); }
  int64_t LastEpoch(size_t i) const { return Whole("epoch_max", i); }
  bool Has(const char* metric) const { return lists_ != nullptr && lists_->contains(metric); }

  // Empty where the value is not finite or the metric is absent.
  std::optional<double> Value(const char* metric, size_t i, double low, double high) const {
    if (!Has(metric)) return {};
    const Json& value = At(metric, i);
    if (!value.is_number()) return {};
    const double number = value.get<double>();
    if (number >= low && number <= high) return number;
    throw Error(where_ + "." + metric + " is " + FormatDouble(number) + " in entry " +
                std::to_string(i + 1) + ", outside " + FormatDouble(low) + ".." +
                FormatDouble(high));
  }

 private:
  const Json& At(const char* metric, size_t i) const {
    const auto list = lists_->find(metric);
    if (list == lists_->end() || !list->is_array() || list->size() != size_) {
      throw Error(where_ + " must have a list " + metric + " as long as epoch_ind");
    }
    return (*list)[i];
  }
  int64_t Whole(const char* metric, size_t i) const {
    const Json& value = At(metric, i);
    const double number = value.is_number() ? value.get<double>() : 0;
    if (number >= 1 && number <= kMaxEpochs && number == std::floor(number)) {
      return static_cast<int64_t>(number);
    }
    throw Error(where_ + "." + metric + " must hold whole numbers from 1, not " + value.dump());
  }

  std::string where_;
  const Json* lists_ = nullptr;
  size_t size_ = 0;
};

// One job while it becomes a row.
class Job {
 public:
  Job(const Json& data, std::string where, ImportRow& row)
      : data_(data),
        where_(std::move(where)),
        train_(data, "train_epoch", where_),
        test_(HolderOfTests(data), "test_epoch", where_),
        row_(row) {
    const auto cfg = data.find("cfg");
    if (cfg == data.end() || !cfg->is_object()) throw Error(where_ + ": has no object cfg");
    cfg_ = &*cfg;
    if (const auto own = data.find("dse"); own != data.end() && own->is_object()) own_ = &*own;
  }

  // The reason why the network is none of ours; "" where it is.
  std::string ReadNetwork() {
    PyclsModel read = ReadModel();
    if (read.model) {
      const int64_t params = CountComplexity(*read.model).params;
      const std::optional<double> told = NumberAt(data_, {"complexity", "params"});
      if (told && *told != static_cast<double>(params)) {
        read = {{},
                "its cfg makes a network of " + std::to_string(params) + " params, not " +
                    FormatDouble(*told)};
      }
    }
    if (read.model) {
      row_.hash = ModelHash(*read.model);
      row_.model = std::move(read.model);
      return "";
    }
    for (const char* name : {"flops", "params", "acts"}) {
      if (const auto value = NumberAt(data_, {"complexity", name})) row_.properties[name] = *value;
    }
    Json identity;
    for (const char* section : {"MODEL", "ANYNET", "REGNET", "RESNET", "EN", "VIT", "TRAIN"}) {
      if (cfg_->contains(section)) identity[section] = cfg_->at(section);
    }
    row_.identity = ShortHash(identity.dump(-1, ' ', false, Json::error_handler_t::replace));
    return read.why_not;
  }

  void ReadTraining() {
    if (const auto log = data_.find("log_file"); log != data_.end() && log->is_string()) {
      row_.log_file = log->get<std::string>();
    }
    if (const auto key = own_->find("member_key"); key != own_->end()) {
      if (!key->is_string() || !IsHashText(key->get<std::string>())) {
        throw Error(where_ + ": dse.member_key must be 16 hexadecimal digits");
      }
      row_.member_key = key->get<std::string>();
    }
    row_.seed = SeedAt(*own_, "seed");
    row_.told_seed = SeedAt(*cfg_, "RNG_SEED");
    const double batch = NumberAt(*cfg_, {"TRAIN", "BATCH_SIZE"}).value_or(kReferenceBatch);
    if (!(batch >= 1)) throw Error(where_ + ": cfg.TRAIN.BATCH_SIZE must be above 0");
    if (const auto lr = NumberAt(*own_, {"lr"})) {
      row_.properties["lr"] = *lr;
    } else if (const auto base = NumberAt(*cfg_, {"OPTIM", "BASE_LR"})) {
      row_.properties["lr"] = *base * kReferenceBatch / batch;
    }
    if (const auto decay = NumberAt(*cfg_, {"OPTIM", "WEIGHT_DECAY"})) {
      row_.properties["weight_decay"] = *decay;
    }
  }

  void ReadOutcome() {
    ReadCurve();
    std::optional<double> best;
    for (size_t i = 0; i < test_.size(); ++i) {
      for (const char* metric : {"top1_err", "min_top1_err"}) {
        const std::optional<double> error = test_.Value(metric, i, 0, 100);
        if (error && (!best || *error < *best)) best = error;
      }
    }
    row_.state = State();
    if (row_.state == RunState::kDone) row_.error = LastError();
    if (row_.state == RunState::kDone || row_.state == RunState::kDiverged) row_.best_error = best;
    if (row_.state != RunState::kDone || row_.epochs.empty()) return;
    row_.seconds = 0;
    for (const EpochRecord& epoch : row_.epochs) *row_.seconds += epoch.seconds;
  }

 private:
  // Our exports keep the tests of runs that are not done where pycls does not look.
  static const Json& HolderOfTests(const Json& data) {
    const auto own = data.find("dse");
    return own != data.end() && own->is_object() && own->contains("test_epoch") ? *own : data;
  }

  // Files we exported have the model itself.
  PyclsModel ReadModel() const {
    const auto model = own_->find("model");
    if (model == own_->end()) return ModelOfPycls(*cfg_);
    return {ParseModel(*model, where_ + ": dse.model"), ""};
  }

  std::optional<double> LastError() const {
    if (test_.size() == 0) return {};
    return test_.Value("top1_err", test_.size() - 1, 0, 100);
  }

  // Epochs are those of the training records, which tell the learning rate. An epoch that is there
  // twice was begun again: the last record counts.
  void ReadCurve() {
    if (!train_.Has("lr")) return;
    std::map<int64_t, EpochRecord> curve;
    for (size_t i = 0; i < train_.size(); ++i) {
      const std::optional<double> lr = train_.Value("lr", i, 0, 1e300);
      if (!lr) throw Error(where_ + ": train_epoch.lr must hold numbers");
      EpochRecord& epoch = curve[train_.Epoch(i)];
      epoch.epoch = train_.Epoch(i);
      epoch.lr = *lr;
      epoch.train_loss = train_.Value("loss", i, -1e300, 1e300);
      epoch.train_error = train_.Value("top1_err", i, 0, 100);
      epoch.seconds = train_.Value("time_epoch", i, 0, kMaxEpochSeconds).value_or(0);
    }
    std::map<int64_t, double> test_seconds;
    for (size_t i = 0; i < test_.size(); ++i) {
      const auto at = curve.find(test_.Epoch(i));
      if (at == curve.end()) continue;
      at->second.test_error = test_.Value("top1_err", i, 0, 100);
      test_seconds[at->first] = test_.Value("time_epoch", i, 0, kMaxEpochSeconds).value_or(0);
    }
    for (auto& [number, epoch] : curve) {
      if (const auto at = test_seconds.find(number); at != test_seconds.end()) {
        epoch.seconds += at->second;
      }
      row_.epochs.push_back(epoch);
    }
  }

  bool LossWasFinite() const {
    if (!train_.Has("loss")) return true;
    for (size_t i = 0; i < train_.size(); ++i) {
      if (!train_.Value("loss", i, -1e300, 1e300)) return false;
    }
    return true;
  }

  RunState State() {
    const auto state = own_->find("state");
    if (state != own_->end()) {
      for (const Word<RunState>& word : kRunStateWords) {
        const bool open = word.value == RunState::kPending || word.value == RunState::kRunning;
        if (*state != word.text || open) continue;
        if (word.value != RunState::kDone || LastError()) return word.value;
      }
      throw Error(where_ + ": dse.state is " + state->dump() + ", which its test_epoch gainsays");
    }
    if (!LossWasFinite()) return RunState::kDiverged;
    if (test_.size() == 0) {
      row_.message = "no epoch was tested";
      return RunState::kFailed;
    }
    const size_t last = test_.size() - 1;
    if (test_.Epoch(last) < test_.LastEpoch(last)) {
      row_.message = "trained for " + std::to_string(test_.Epoch(last)) + " of " +
                     std::to_string(test_.LastEpoch(last)) + " epochs";
      return RunState::kFailed;
    }
    return LastError() ? RunState::kDone : RunState::kDiverged;
  }

  const Json& data_;
  std::string where_;
  EpochLists train_;
  EpochLists test_;
  ImportRow& row_;
  const Json* cfg_ = nullptr;
  static inline const Json kNothing = Json::object();
  const Json* own_ = &kNothing;  // what only our exports have
};

}  // namespace

SweepImport ParseSweepImport(std::string& text, const std::string& file,
                             const std::string& population) {
  SweepImport sweep;
  ReadSweepJobs(text, file, [&](int64_t number, const Json& data) {
    ImportRow row;
    row.job = number;
    row.population = population;
    const std::string where = file + ": job " + std::to_string(number);
    Job job(data, where, row);
    const std::string why_not = job.ReadNetwork();
    if (!why_not.empty()) {
      sweep.without_model.push_back("job " + std::to_string(number) + ": " + why_not);
    }
    job.ReadTraining();
    job.ReadOutcome();
    sweep.rows.push_back(std::move(row));
  });
  return sweep;
}

}  // namespace dse
