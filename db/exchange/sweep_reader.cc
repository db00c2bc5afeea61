#include "db/exchange/sweep_reader.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "core/broken_json.h"

namespace dse {
namespace {

constexpr size_t kMaxNesting = 64;
constexpr const char* kKept[] = {"cfg",         "complexity", "log_file",
                                 "train_epoch", "test_epoch", "dse"};

// Overwrites NaN, Infinity and -Infinity outside of strings with values of the same length, so that
// positions stay: null and spaces, or for NaN, which is too short for null, an empty text.
void ReplaceNonFinite(std::string& text) {
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == 'N' && text.compare(i, 3, "NaN") == 0) {
      text.replace(i, 3, "\"\" ");
      i += 2;
    } else if (!quoted && c == 'I' && text.compare(i, 8, "Infinity") == 0) {
      const bool minus = i > 0 && text[i - 1] == '-';
      if (minus) text[i - 1] = ' ';
      text.replace(i, 8, "null    ");
      i += 7;
    }
  }
}

class JobReader : public nlohmann::json_sax<Json> {
 public:
  explicit JobReader(const std::function<void(int64_t, const Json&)>& take) : take_(take) {}

  bool null() override { return Put(nullptr); }
  bool boolean(bool value) override { return Put(value); }
  bool number_integer(int64_t value) override { return Put(value); }
  bool number_unsigned(uint64_t value) override { return Put(value); }
  bool number_float(double value, const std::string&) override {
    return Put(std::isfinite(value) ? Json(value) : Json(nullptr));
  }
  bool string(std::string& value) override {
    const bool kept = skipping_ == 0 && !skip_next_;
    if (kept && !Count(0, static_cast<int64_t>(value.size()))) return false;
    return Put(value);
  }
  bool binary(Json::binary_t&) override { return Refuse("binary values are not allowed"); }
  bool start_object(size_t) override { return Open(Json::object()); }
  bool start_array(size_t) override { return Open(Json::array()); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool key(std::string& name) override;
  bool parse_error(size_t byte, const std::string&, const nlohmann::json::exception&) override {
    error_byte_ = byte;
    return false;
  }

  int64_t job() const { return job_; }
  const std::string& refusal() const { return refusal_; }
  size_t error_byte() const { return error_byte_; }

 private:
  bool Put(Json value);
  bool Open(Json value);
  bool Close();
  Json* Place(Json value);
  bool Count(int64_t values, int64_t bytes);
  bool Refuse(std::string why) {
    refusal_ = std::move(why);
    return false;
  }

  const std::function<void(int64_t, const Json&)>& take_;
  int64_t job_ = 0;  // the one being read
  bool in_sweep_ = false;
  bool skip_next_ = false;   // the value of a key that is not kept
  size_t skipping_ = 0;      // open brackets of such a value
  Json data_;                // of the job
  std::vector<Json*> open_;  // from the job inwards
  std::string key_;
  int64_t values_ = 0;
  int64_t bytes_ = 0;
  std::string refusal_;
  size_t error_byte_ = 0;
};

bool JobReader::Count(int64_t values, int64_t bytes) {
  values_ += values;
  bytes_ += bytes;
  if (values_ > kMaxJobValues || bytes_ > kMaxJobTextBytes) {
    return Refuse("it is too large to be a training's record");
  }
  return true;
}

Json* JobReader::Place(Json value) {
  Json& parent = *open_.back();
  if (parent.is_array()) {
    parent.push_back(std::move(value));
    return &parent.back();
  }
  return &(parent[key_] = std::move(value));
}

bool JobReader::Put(Json value) {
  if (skipping_ > 0) return true;
  if (std::exchange(skip_next_, false)) return true;
  if (!in_sweep_) return Refuse("it is no list of jobs, as pycls' sweep.json is");
  if (open_.empty()) {
    ++job_;
    return Refuse("it is no object");
  }
  Place(std::move(value));
  return Count(1, 0);
}

bool JobReader::Open(Json value) {
  if (skipping_ > 0 || std::exchange(skip_next_, false)) {
    return ++skipping_ <= kMaxNesting || Refuse("it is nested too deeply");
  }
  if (!in_sweep_) {
    in_sweep_ = true;
    return value.is_array() || Refuse("it is no list of jobs, as pycls' sweep.json is");
  }
  if (open_.empty()) {
    ++job_;
    if (!value.is_object()) return Refuse("it is no object");
    data_ = std::move(value);
    values_ = bytes_ = 0;
    open_.push_back(&data_);
    return true;
  }
  if (open_.size() >= kMaxNesting) return Refuse("it is nested too deeply");
  open_.push_back(Place(std::move(value)));
  return Count(1, 0);
}

bool JobReader::Close() {
  if (skipping_ > 0) {
    --skipping_;
    return true;
  }
  if (open_.empty()) return true;  // of the sweep
  open_.pop_back();
  if (open_.empty()) take_(job_, data_);
  return true;
}

bool JobReader::key(std::string& name) {
  if (skipping_ > 0) return true;
  if (open_.size() == 1 && std::ranges::find(kKept, name) == std::end(kKept)) {
    skip_next_ = true;
    return true;
  }
  if (open_.back()->contains(name)) return Refuse("the key '" + name + "' appears twice");
  key_ = name;
  return Count(0, static_cast<int64_t>(name.size()));
}

}  // namespace

void ReadSweepJobs(std::string& text, const std::string& file,
                   const std::function<void(int64_t job, const Json& data)>& take) {
  ReplaceNonFinite(text);
  JobReader reader(take);
  if (Json::sax_parse(text.begin(), text.end(), &reader)) return;
  if (!reader.refusal().empty()) {
    const std::string job = reader.job() > 0 ? "job " + std::to_string(reader.job()) + ": " : "";
    throw Error(file + ": " + job + reader.refusal());
  }
  throw BrokenJson(text, file, reader.error_byte());
}

}  // namespace dse
