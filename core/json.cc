#include "core/json.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "core/broken_json.h"
#include "core/suggest.h"
#include "core/units.h"

namespace dse {
namespace {

constexpr int kMaxNesting = 64;

// Builds the document from parser events, so that duplicate keys and deep nesting are refused.
class Builder : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return Put(nullptr); }
  bool boolean(bool value) override { return Put(value); }
  bool number_integer(int64_t value) override { return Put(value); }
  bool number_unsigned(uint64_t value) override { return Put(value); }
  bool number_float(double value, const std::string& text) override {
    if (!std::isfinite(value)) return Refuse("the number " + text + " is too large");
    return Put(value);
  }
  bool string(std::string& value) override { return Put(value); }
  bool binary(Json::binary_t&) override { return Refuse("binary values are not allowed"); }
  bool start_object(size_t) override { return Open(Json::object()); }
  bool start_array(size_t) override { return Open(Json::array()); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool key(std::string& name) override {
    if (stack_.back()->contains(name)) return Refuse("the key '" + name + "' appears twice");
    key_ = name;
    return true;
  }
  bool parse_error(size_t byte, const std::string&, const nlohmann::json::exception&) override {
    error_byte_ = byte;
    return false;
  }

  Json Take() { return std::move(root_); }
  const std::string& refusal() const { return refusal_; }
  size_t error_byte() const { return error_byte_; }

 private:
  Json* Place(Json value) {
    if (stack_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Json& parent = *stack_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    return &(parent[key_] = std::move(value));
  }
  bool Put(Json value) {
    Place(std::move(value));
    return true;
  }
  bool Open(Json value) {
    if (stack_.size() >= kMaxNesting) return Refuse("it is nested too deeply");
    stack_.push_back(Place(std::move(value)));
    return true;
  }
  bool Close() {
    stack_.pop_back();
    return true;
  }
  bool Refuse(std::string why) {
    refusal_ = std::move(why);
    return false;
  }

  Json root_;
  std::vector<Json*> stack_;
  std::string key_;
  std::string refusal_;
  size_t error_byte_ = 0;
};

std::string TypeName(const Json& value) {
  if (value.is_number()) return "a number";
  if (value.is_string()) return "the text \"" + value.get<std::string>() + "\"";
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_array()) return "a list";
  if (value.is_object()) return "an object";
  return "null";
}

}  // namespace

Json ParseJson(std::string_view text, const std::string& source) {
  Builder builder;
  const bool parsed = Json::sax_parse(text.begin(), text.end(), &builder);
  if (parsed) return builder.Take();
  if (!builder.refusal().empty()) throw Error(source + ": " + builder.refusal());
  throw BrokenJson(text, source, builder.error_byte());
}

std::string ReadFile(const std::string& path, int64_t max_bytes) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) throw Error(path + ": cannot be read; is the name right?");
  const int64_t size = file.tellg();
  if (size < 0) throw Error(path + ": is not a file that can be read");
  if (size > max_bytes) {
    throw Error(path + ": " + std::to_string(size) + " bytes are more than the " +
                std::to_string(max_bytes) + " allowed here");
  }
  std::string text(static_cast<size_t>(size), '\0');
  file.seekg(0);
  if (!file.read(text.data(), size)) throw Error(path + ": reading it failed");
  return text;
}

std::string WholeText(const Json& document) {
  return document.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

bool IsUtf8(std::string_view text) {
  try {
    Json(text).dump();
    return true;
  } catch (const Json::exception&) {
    return false;
  }
}

Json Number(double value) {
  if (value == std::floor(value) && std::fabs(value) < kWholeLimit)
    return static_cast<int64_t>(value);
  return value;
}

ObjectReader::ObjectReader(const Json& object, std::string where)
    : object_(object), where_(std::move(where)) {
  if (!object.is_object()) throw Error(where_ + ": must be a JSON object, not " + TypeName(object));
}

const Json* ObjectReader::Find(const std::string& key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.push_back(key);
  const auto found = object_.find(key);
  return found == object_.end() ? nullptr : &*found;
}

const Json& ObjectReader::Require(const std::string& key) {
  const Json* value = Find(key);
  if (value == nullptr) throw Error(where_ + ": the key '" + key + "' is missing");
  return *value;
}

int64_t ObjectReader::Int(const std::string& key, int64_t low, int64_t high,
                          std::optional<int64_t> fallback) {
  if (fallback && !Find(key)) return *fallback;
  const Json& value = Require(key);
  const std::string range = std::to_string(low) + " to " + std::to_string(high);
  if (!value.is_number()) {
    Fail(key, "must be a whole number from " + range + ", not " + TypeName(value));
  }
  const double real = value.get<double>();
  if (real != std::floor(real) || real < static_cast<double>(low) ||
      real > static_cast<double>(high)) {
    Fail(key, "must be a whole number from " + range + ", not " + value.dump());
  }
  return value.is_number_float() ? static_cast<int64_t>(real) : value.get<int64_t>();
}

double ObjectReader::Real(const std::string& key, double low, double high,
                          std::optional<double> fallback) {
  if (fallback && !Find(key)) return *fallback;
  const Json& value = Require(key);
  const std::string range = FormatDouble(low) + " to " + FormatDouble(high);
  if (!value.is_number()) Fail(key, "must be a number from " + range + ", not " + TypeName(value));
  const double real = value.get<double>();
  if (!(real >= low && real <= high)) {
    Fail(key, "must be a number from " + range + ", not " + value.dump());
  }
  return real;
}

bool ObjectReader::Bool(const std::string& key, std::optional<bool> fallback) {
  if (fallback && !Find(key)) return *fallback;
  const Json& value = Require(key);
  if (!value.is_boolean()) Fail(key, "must be true or false, not " + TypeName(value));
  return value.get<bool>();
}

std::string ObjectReader::String(const std::string& key, std::optional<std::string> fallback) {
  if (fallback && !Find(key)) return *fallback;
  const Json& value = Require(key);
  if (!value.is_string()) Fail(key, "must be a text in quotes, not " + TypeName(value));
  return value.get<std::string>();
}

std::string ObjectReader::Path(const std::string& key) const {
  const bool nested = where_.find(": ") != std::string::npos;
  return where_ + (nested ? "." : ": ") + key;
}

void ObjectReader::Fail(const std::string& key, const std::string& what) const {
  throw Error(Path(key) + " " + what);
}

void ObjectReader::FailWord(const std::string& key, const std::string& text,
                            const std::vector<std::string>& allowed) const {
  Fail(key,
       "is '" + text + "', which is none of " + JoinWords(allowed) + DidYouMean(text, allowed));
}

void ObjectReader::Finish() const {
  for (const auto& item : object_.items()) {
    if (std::find(known_.begin(), known_.end(), item.key()) != known_.end()) continue;
    throw Error(where_ + ": unknown key '" + item.key() + "'" + DidYouMean(item.key(), known_));
  }
}

}  // namespace dse
