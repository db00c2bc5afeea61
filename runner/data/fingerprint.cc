#include "runner/data/fingerprint.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <span>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/parallel.h"

namespace dse {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBuffer = 1 << 16;

// What a fingerprint covers of a file.
struct FileContents {
  int64_t bytes = 0;
  std::string digest;  // "" where it is not hashed
};

// The files of both splits as one list, training before test.
class FolderFiles {
 public:
  FolderFiles(const FolderSplit& train, const FolderSplit& test) : train_(train), test_(test) {}
  size_t size() const { return train_.files.size() + test_.files.size(); }
  std::string Path(size_t i) const { return SplitOf(i).Path(File(i)); }
  std::string Name(size_t i) const { return (InTrain(i) ? "train/" : "test/") + File(i).name; }

 private:
  bool InTrain(size_t i) const { return i < train_.files.size(); }
  const FolderSplit& SplitOf(size_t i) const { return InTrain(i) ? train_ : test_; }
  const FolderFile& File(size_t i) const {
    return InTrain(i) ? train_.files[i] : test_.files[i - train_.files.size()];
  }
  const FolderSplit& train_;
  const FolderSplit& test_;
};

void ReadSizes(const FolderFiles& files, int threads, std::vector<FileContents>& contents) {
  ParallelFor(static_cast<int64_t>(files.size()), threads, [&](int64_t i) {
    const auto at = static_cast<size_t>(i);
    std::error_code failure;
    const uintmax_t bytes = fs::file_size(files.Path(at), failure);
    if (failure) {
      throw Error(files.Path(at) + ": cannot be read: " + failure.message(), Fault::kMachine);
    }
    contents[at].bytes = static_cast<int64_t>(bytes);
  });
}

std::vector<size_t> AllOf(size_t count) {
  std::vector<size_t> all(count);
  for (size_t i = 0; i < count; ++i) all[i] = i;
  return all;
}

std::vector<size_t> Sample(const FolderFiles& files, int threads) {
  if (files.size() <= kSampledFiles) return AllOf(files.size());
  std::vector<std::pair<uint64_t, size_t>> words(files.size());
  ParallelFor(static_cast<int64_t>(files.size()), threads, [&](int64_t i) {
    const auto at = static_cast<size_t>(i);
    words[at] = {Sha256Word(files.Name(at)), at};
  });
  const auto end = words.begin() + static_cast<std::ptrdiff_t>(kSampledFiles);
  std::nth_element(words.begin(), end, words.end());
  std::vector<size_t> chosen;
  for (auto word = words.begin(); word != end; ++word) chosen.push_back(word->second);
  return chosen;
}

FileContents HashFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> buffer(kBuffer);
  Sha256Stream stream;
  FileContents contents;
  while (file) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    stream.Add({buffer.data(), static_cast<size_t>(file.gcount())});
    contents.bytes += file.gcount();
  }
  if (file.bad() || !file.eof()) throw Error(path + ": cannot be read", Fault::kMachine);
  contents.digest = stream.Hex();
  return contents;
}

void HashFiles(const FolderFiles& files, const std::vector<size_t>& chosen, int threads,
               std::vector<FileContents>& contents) {
  ParallelFor(static_cast<int64_t>(chosen.size()), threads, [&](int64_t i) {
    const size_t at = chosen[static_cast<size_t>(i)];
    contents[at] = HashFile(files.Path(at));
  });
}

void AddFolderSplit(FingerprintHash& hash, const char* word, const FolderSplit& split,
                    std::span<const FileContents> contents) {
  hash.Add(word);
  hash.Add(static_cast<int64_t>(split.files.size()));
  for (size_t i = 0; i < split.files.size(); ++i) {
    hash.Add(split.files[i].name);
    hash.Add(int64_t{split.files[i].label});
    hash.Add(contents[i].bytes);
    hash.Add(contents[i].digest);
  }
}

void AddPackSplit(FingerprintHash& hash, const char* word, const PackIndex& index, uint64_t begin,
                  uint64_t count) {
  hash.Add(word);
  hash.Add(static_cast<int64_t>(count));
  for (uint64_t place = begin; place < begin + count; ++place) {
    const PackRecord& record = index.records[place];
    hash.Add(index.Name(place));
    hash.Add(int64_t{record.label});
    hash.Add(int64_t{record.height});
    hash.Add(int64_t{record.width});
    hash.Add(static_cast<int64_t>(record.kind));
    hash.Add(int64_t{record.length});
    hash.Add(int64_t{record.crc});
  }
}

// Class and file, in the order in which folders were always listed: by class, then by file.
std::vector<std::pair<std::string_view, std::string_view>> InByteOrder(const FolderSplit& split) {
  std::vector<std::pair<std::string_view, std::string_view>> names;
  for (const FolderFile& file : split.files) {
    const std::string_view name = file.name;
    const size_t slash = std::min(name.find('/'), name.size());
    names.emplace_back(name.substr(0, slash), name.substr(slash));
  }
  std::sort(names.begin(), names.end());
  return names;
}

void AppendFiles(std::string& text, const std::string& split_name, const FolderSplit& split) {
  text += std::to_string(split.files.size()) + "\n";
  for (const auto& [class_name, file] : InByteOrder(split)) {
    text += split_name + "/";
    text.append(class_name).append(file) += "\n";
  }
}

}  // namespace

FingerprintHash::FingerprintHash(std::string_view kind,
                                 const std::vector<std::string>& class_names) {
  Add("dse dataset 2");
  Add(kind);
  Add(static_cast<int64_t>(class_names.size()));
  for (const std::string& name : class_names) Add(name);
}

void FingerprintHash::Add(std::string_view field) {
  buffer_ += std::to_string(field.size());
  buffer_ += ':';
  buffer_ += field;
  buffer_ += '\n';
  if (buffer_.size() < kBuffer) return;
  stream_.Add(buffer_);
  buffer_.clear();
}

void FingerprintHash::Add(int64_t number) { Add(std::string_view(std::to_string(number))); }

std::string FingerprintHash::Finish() {
  stream_.Add(buffer_);
  return stream_.Hex().substr(0, kHashDigits);
}

std::string FolderFingerprint(const FolderSplit& train, const FolderSplit& test, HashedFiles hashed,
                              int threads) {
  const FolderFiles files(train, test);
  const std::vector<size_t> chosen =
      hashed == HashedFiles::kAll ? AllOf(files.size()) : Sample(files, threads);
  std::vector<FileContents> contents(files.size());
  if (chosen.size() < files.size()) ReadSizes(files, threads, contents);
  HashFiles(files, chosen, threads, contents);
  const std::span<const FileContents> all = contents;
  FingerprintHash hash("folder", train.class_names);
  AddFolderSplit(hash, "train", train, all.first(train.files.size()));
  AddFolderSplit(hash, "test", test, all.subspan(train.files.size()));
  return hash.Finish();
}

std::string PackFingerprint(const PackIndex& index) {
  const PackHeader& header = index.header;
  FingerprintHash hash("pack", index.class_names);
  hash.Add(int64_t{header.size});
  hash.Add(int64_t{header.quality});
  AddPackSplit(hash, "train", index, 0, header.train_images);
  AddPackSplit(hash, "test", index, header.train_images, header.test_images);
  return hash.Finish();
}

std::string OldFolderFingerprint(const FolderSplit& train, const FolderSplit& test) {
  std::vector<std::string> class_names = train.class_names;
  std::sort(class_names.begin(), class_names.end());
  std::string text = "folder\n" + std::to_string(class_names.size()) + "\n";
  for (const std::string& name : class_names) text += name + "\n";
  AppendFiles(text, "train", train);
  AppendFiles(text, "test", test);
  return ShortHash(text);
}

}  // namespace dse
