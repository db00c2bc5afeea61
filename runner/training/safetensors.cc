#include "runner/training/safetensors.h"

#include <algorithm>
#include <bit>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "core/durable_file.h"
#include "core/hash.h"
#include "core/json.h"

namespace dse {
namespace {

static_assert(std::endian::native == std::endian::little, "data is written as it lies in memory");

constexpr size_t kLengthBytes = 8;
constexpr int64_t kMaxHeader = 100'000'000;  // as the reference implementation
constexpr const char* kMetadata = "__metadata__";
constexpr const char* kSum = "sha256";
constexpr Word<TensorType> kTypeWords[] = {
    {"F32", TensorType::kF32}, {"F64", TensorType::kF64}, {"I64", TensorType::kI64}};

// Bytes of a tensor; throws where they cannot be counted.
int64_t CountBytes(TensorType type, const std::vector<int64_t>& shape, const std::string& where) {
  int64_t bytes = SizeOf(type);
  for (const int64_t extent : shape) {
    if (extent < 0 || __builtin_mul_overflow(bytes, extent, &bytes)) {
      throw Error(where + " has an impossible shape");
    }
  }
  return bytes;
}

Json MakeHeader(const TensorFile& file, const std::string& path) {
  Json header = Json::object();
  int64_t offset = 0;
  for (const TensorRecord& tensor : file.tensors) {
    const auto size = static_cast<int64_t>(tensor.data.size());
    if (size != CountBytes(tensor.type, tensor.shape, path + ": " + tensor.name) ||
        header.contains(tensor.name) || tensor.name == kMetadata) {
      throw Error("internal: tensor '" + tensor.name + "' does not fit its shape or comes twice");
    }
    header[tensor.name] = {
        {"dtype", TextOf(tensor.type, std::span<const Word<TensorType>>(kTypeWords))},
        {"shape", tensor.shape},
        {"data_offsets", Json::array({offset, offset + size})}};
    offset += size;
  }
  header[kMetadata] = file.metadata;
  return header;
}

// Over header and data, one after another.
std::string CheckSum(const Json& header, std::span<const std::string_view> data) {
  Sha256Stream sum;
  sum.Add(header.dump());
  for (const std::string_view part : data) sum.Add(part);
  return sum.Hex();
}

// A file's bytes, taken apart.
struct RawFile {
  std::string header;
  std::string data;
};

enum class Part { kHeader, kWhole };
RawFile ReadRaw(const std::string& path, Part part) {
  std::ifstream file(path, std::ios::binary);
  std::error_code failure;
  const auto size = static_cast<int64_t>(std::filesystem::file_size(path, failure));
  if (!file || failure) throw Error(path + ": cannot be read");
  uint64_t length = 0;
  file.read(reinterpret_cast<char*>(&length), kLengthBytes);
  const int64_t rest = size - static_cast<int64_t>(kLengthBytes);
  if (!file || length > static_cast<uint64_t>(std::min(rest, kMaxHeader))) {
    throw Error(path + ": is no safetensors file, or cut short");
  }
  RawFile raw;
  raw.header.resize(length);
  if (part == Part::kWhole) raw.data.resize(static_cast<size_t>(rest) - length);
  file.read(raw.header.data(), static_cast<std::streamsize>(length));
  file.read(raw.data.data(), static_cast<std::streamsize>(raw.data.size()));
  if (!file) throw Error(path + ": cannot be read to its end");
  return raw;
}

// Where a tensor lies in the data.
struct Place {
  int64_t begin = 0;
  int64_t end = 0;
};

int64_t ReadCount(const Json& value, const std::string& where) {
  if (!value.is_number_integer() || value < 0 || value > INT64_MAX) {
    throw Error(where + " must hold whole numbers from 0 on");
  }
  return value.get<int64_t>();
}

Place ReadTensor(const Json& json, const std::string& where, TensorRecord& tensor) {
  ObjectReader reader(json, where);
  tensor.type = reader.OneOf("dtype", std::span<const Word<TensorType>>(kTypeWords));
  const Json& shape = reader.Require("shape");
  const Json& offsets = reader.Require("data_offsets");
  reader.Finish();
  if (!shape.is_array() || shape.size() > 8) throw Error(where + ".shape must be a list");
  for (const Json& extent : shape) tensor.shape.push_back(ReadCount(extent, where + ".shape"));
  if (!offsets.is_array() || offsets.size() != 2) {
    throw Error(where + ".data_offsets must be two numbers");
  }
  const Place place{ReadCount(offsets[0], where), ReadCount(offsets[1], where)};
  if (place.end - place.begin != CountBytes(tensor.type, tensor.shape, where)) {
    throw Error(where + ": shape and data_offsets disagree");
  }
  return place;
}

// The tensors without their data, one after another in a file with so many bytes of data.
std::vector<std::pair<Place, TensorRecord>> ReadTensors(const Json& header, int64_t bytes,
                                                        const std::string& path) {
  std::vector<std::pair<Place, TensorRecord>> found;
  for (const auto& [name, json] : header.items()) {
    if (name == kMetadata) continue;
    TensorRecord tensor;
    tensor.name = name;
    const Place place = ReadTensor(json, path + ": " + name, tensor);
    found.emplace_back(place, std::move(tensor));
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first.begin, a.first.end) < std::pair(b.first.begin, b.first.end);
  });
  int64_t next = 0;
  for (const auto& [place, tensor] : found) {
    if (place.begin != next || place.end > bytes) {
      throw Error(path + ": " + tensor.name + " does not follow the tensor before it");
    }
    next = place.end;
  }
  if (next != bytes) throw Error(path + ": has bytes that belong to no tensor");
  return found;
}

std::map<std::string, std::string> ReadMetadata(const Json& json, const std::string& path) {
  std::map<std::string, std::string> metadata;
  if (!json.is_object()) throw Error(path + ": __metadata__ must be an object");
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) throw Error(path + ": __metadata__." + key + " must be a text");
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

Json ParseHeader(const RawFile& raw, const std::string& path) {
  Json header = ParseJson(raw.header, path);
  if (!header.is_object()) throw Error(path + ": its header must be a JSON object");
  return header;
}

void VerifySum(Json header, const RawFile& raw, const std::string& sum, const std::string& path) {
  header.at(kMetadata).erase(kSum);
  const std::string_view data[] = {raw.data};
  if (CheckSum(header, data) != sum) {
    throw Error(path + ": is damaged (its checksum does not hold)");
  }
}

}  // namespace

int64_t SizeOf(TensorType type) { return type == TensorType::kF32 ? 4 : 8; }

void WriteSafetensors(const std::string& path, const TensorFile& file) {
  PendingFile pending(path);
  WriteSafetensors(pending, file);
  pending.Publish();
}

void WriteSafetensors(PendingFile& to, const TensorFile& file) {
  std::vector<std::string_view> parts(2);
  for (const TensorRecord& tensor : file.tensors) parts.emplace_back(tensor.data);
  Json header = MakeHeader(file, to.path());
  const std::string sum = CheckSum(header, std::span(parts).subspan(2));
  header[kMetadata][kSum] = sum;
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const uint64_t length = text.size();
  parts[0] = {reinterpret_cast<const char*>(&length), kLengthBytes};
  parts[1] = text;
  for (const std::string_view part : parts) to.Append(part);
  to.Finish();
}

TensorFile ReadSafetensors(const std::string& path, Checksum checksum) {
  const RawFile raw = ReadRaw(path, Part::kWhole);
  const Json header = ParseHeader(raw, path);
  TensorFile file;
  if (header.contains(kMetadata)) file.metadata = ReadMetadata(header.at(kMetadata), path);
  if (const auto sum = file.metadata.extract(kSum)) {
    VerifySum(header, raw, sum.mapped(), path);
  } else if (checksum == Checksum::kRequired) {
    throw Error(path + ": is damaged (it has no checksum)");
  }
  const auto bytes = static_cast<int64_t>(raw.data.size());
  for (auto& [place, tensor] : ReadTensors(header, bytes, path)) {
    tensor.data = raw.data.substr(static_cast<size_t>(place.begin),
                                  static_cast<size_t>(place.end - place.begin));
    file.tensors.push_back(std::move(tensor));
  }
  return file;
}

std::map<std::string, std::string> ReadSafetensorsMetadata(const std::string& path) {
  const Json header = ParseHeader(ReadRaw(path, Part::kHeader), path);
  if (!header.contains(kMetadata)) return {};
  std::map<std::string, std::string> metadata = ReadMetadata(header.at(kMetadata), path);
  metadata.erase(kSum);
  return metadata;
}

void CheckSafetensorsSize(const std::string& path) {
  const RawFile raw = ReadRaw(path, Part::kHeader);
  const auto ahead = static_cast<int64_t>(kLengthBytes + raw.header.size());
  std::error_code failure;
  const auto size = static_cast<int64_t>(std::filesystem::file_size(path, failure));
  if (failure) throw Error(path + ": cannot be read");
  ReadTensors(ParseHeader(raw, path), size - ahead, path);
}

}  // namespace dse
