#include "runner/training/safetensors.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/error.h"
#include "tests/support/temp_folder.h"

namespace dse::safetensors_test {
namespace {

std::string Slurp(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::string Doubles(const std::vector<double>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)};
}

TensorFile SmallFile() {
  TensorFile file;
  file.tensors = {{"weight", TensorType::kF32, {2, 1}, std::string("\0\0\x80\x3f\0\0\0\x40", 8)},
                  {"bias", TensorType::kF64, {1}, Doubles({-3})},
                  {"count", TensorType::kI64, {}, std::string("\x07\0\0\0\0\0\0\0", 8)},
                  {"none", TensorType::kF32, {0, 3}, ""}};
  file.metadata = {{"model", "small"}};
  return file;
}

// A file of our own making: its header text, then data.
std::string RawText(const std::string& header, const std::string& data) {
  const uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + data;
}

}  // namespace

TEST_CASE("tensors come back from a file as they went in") {
  const TempFolder folder;
  const std::string path = folder / "a.safetensors";
  WriteSafetensors(path, SmallFile());
  const TensorFile again = ReadSafetensors(path, Checksum::kRequired);
  CHECK(again.metadata == SmallFile().metadata);
  REQUIRE(again.tensors.size() == 4);
  for (const TensorRecord& tensor : SmallFile().tensors) {
    CAPTURE(tensor.name);
    const auto same = [&](const TensorRecord& other) {
      return other.name == tensor.name && other.type == tensor.type &&
             other.shape == tensor.shape && other.data == tensor.data;
    };
    CHECK(std::any_of(again.tensors.begin(), again.tensors.end(), same));
  }
  WriteSafetensors(folder / "b.safetensors", SmallFile());
  CHECK(Slurp(path) == Slurp(folder / "b.safetensors"));
}

TEST_CASE("a file begins with the length of its header, padded to whole words") {
  const TempFolder folder;
  const std::string path = folder / "a.safetensors";
  WriteSafetensors(path, SmallFile());
  const std::string bytes = Slurp(path);
  uint64_t length = 0;
  std::copy_n(bytes.data(), 8, reinterpret_cast<char*>(&length));
  CHECK(length % 8 == 0);
  CHECK(bytes.size() == 8 + length + 24);
  CHECK(bytes[8] == '{');
}

TEST_CASE("a file altered in any byte or cut anywhere is refused by name") {
  const TempFolder folder;
  const std::string path = folder / "a.safetensors";
  WriteSafetensors(path, SmallFile());
  const std::string bytes = Slurp(path);
  const std::string broken = folder / "broken.safetensors";
  for (size_t i = 0; i < bytes.size(); ++i) {
    CAPTURE(i);
    std::string altered = bytes;
    altered[i] = static_cast<char>(altered[i] ^ 4);
    folder.Write("broken.safetensors", altered);
    CHECK_THROWS_WITH(ReadSafetensors(broken, Checksum::kRequired), Catch::StartsWith(broken));
    folder.Write("broken.safetensors", bytes.substr(0, i));
    CHECK_THROWS_WITH(ReadSafetensors(broken, Checksum::kRequired), Catch::StartsWith(broken));
  }
  folder.Write("broken.safetensors", bytes + "x");
  CHECK_THROWS_WITH(ReadSafetensors(broken, Checksum::kRequired), Catch::StartsWith(broken));
}

TEST_CASE("headers that lie are refused before memory is taken for what they say") {
  const TempFolder folder;
  const auto read = [&](const std::string& header, const std::string& data = "12345678") {
    return ReadSafetensors(folder.Write("x.safetensors", RawText(header, data)),
                           Checksum::kWherePresent);
  };
  CHECK(read(R"({"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})").tensors.size() == 1);
  CHECK_THROWS_WITH(read(R"({"a":{"dtype":"F64","shape":[2],"data_offsets":[0,8]}})"),
                    Catch::Contains("a: shape and data_offsets disagree"));
  CHECK_THROWS_WITH(read(R"({"a":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}})"),
                    Catch::Contains("a does not follow"));
  CHECK_THROWS_WITH(read(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})"),
                    Catch::Contains("belong to no tensor"));
  CHECK_THROWS_WITH(read(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},
                             "b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})"),
                    Catch::Contains("b does not follow"));
  CHECK_THROWS_WITH(
      read(R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}})"),
      Catch::Contains("impossible shape"));
  CHECK_THROWS_WITH(read(R"({"a":{"dtype":"BF16","shape":[4],"data_offsets":[0,8]}})"),
                    Catch::Contains("a.dtype") && Catch::Contains("F32"));
  CHECK_THROWS_WITH(read("[]"), Catch::Contains("JSON object"));
  CHECK_THROWS_WITH(ReadSafetensors(folder.Write("y", RawText("{}", "").replace(0, 1, "\xff")),
                                    Checksum::kWherePresent),
                    Catch::Contains("no safetensors file"));
  CHECK_THROWS_WITH(ReadSafetensors(folder / "none", Checksum::kRequired),
                    Catch::Contains("cannot be read"));
}

TEST_CASE("a file that cannot be written leaves the old one and nothing beside it") {
  const TempFolder folder;
  const std::string path = folder / "missing/a.safetensors";
  CHECK_THROWS_WITH(WriteSafetensors(path, SmallFile()), Catch::StartsWith(path));
  CHECK(std::filesystem::is_empty(folder.path()));
}

}  // namespace dse::safetensors_test
