#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/durable_file.h"

namespace dse {

// The safetensors format (Hugging Face), which torchvision and timm weights come in:
//   8 bytes       N, the length of the header, little-endian
//   N bytes       JSON: {"name": {"dtype": "F32", "shape": [..], "data_offsets": [begin, end]}, ..,
//                 "__metadata__": {"key": "text", ..}}, padded with spaces to a multiple of 8
//   the rest      the tensors' elements, row-major, little-endian, without holes
// Files we write carry the metadata key "sha256": of the header without that key and without
// padding, followed by the data. A file torn or altered anywhere is thereby recognised.

enum class TensorType { kF32, kF64, kI64 };

// Bytes of an element.
int64_t SizeOf(TensorType type);

struct TensorRecord {
  std::string name;
  TensorType type = TensorType::kF32;
  std::vector<int64_t> shape;  // empty: a single number
  std::string data;            // the product of shape times SizeOf(type) bytes
};

struct TensorFile {
  std::vector<TensorRecord> tensors;
  std::map<std::string, std::string> metadata;  // without sha256
};

// Replaces the file: written beside it, synchronised, then renamed, so that it is either the old or
// the new one whatever happens. The order of the tensors is kept. Throws Error that names the file.
void WriteSafetensors(const std::string& path, const TensorFile& file);
// Writes it and brings it to the disk; the caller publishes it.
void WriteSafetensors(PendingFile& to, const TensorFile& file);

// Throws Error that names the file and what is wrong with it: unreadable, cut short, altered,
// another type of elements. Files of others have no "sha256"; where ours is wanted, its absence is
// damage.
enum class Checksum { kWherePresent, kRequired };
TensorFile ReadSafetensors(const std::string& path, Checksum checksum);

// The metadata alone, without sha256: the rest of the file is not read, so not checked either.
std::map<std::string, std::string> ReadSafetensorsMetadata(const std::string& path);

// Throws Error, as reading it would, for a file whose header cannot be read or that is not as long
// as its header says; no other byte is read.
void CheckSafetensorsSize(const std::string& path);

}  // namespace dse
