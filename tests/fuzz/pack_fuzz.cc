// Fuzz target for a pack's index: any bytes, ended by their digest, are an index whose records can
// be used, or are refused with an Error.

#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "core/error.h"
#include "core/hash.h"
#include "runner/data/pack_index.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  bytes += dse::Sha256Hex(bytes);
  try {
    const dse::PackIndex index = dse::ParsePackIndex(
        {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, "input");
    for (size_t i = 0; i < index.records.size(); ++i) {
      const dse::PackRecord& record = index.records[i];
      if (record.offset + record.length > index.shard_bytes.at(record.shard)) std::abort();
      if (record.label >= index.class_names.size()) std::abort();
      (void)index.Name(i);
    }
    for (uint32_t shard = 0; shard < index.header.shards; ++shard) {
      (void)dse::ShardDigest(index.records, shard);
    }
    if (dse::FormatPackIndex(index) != bytes) std::abort();
  } catch (const dse::Error&) {
  }
  return 0;
}
