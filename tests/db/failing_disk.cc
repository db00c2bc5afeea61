#include "tests/db/failing_disk.h"

#include <sqlite3.h>

#include <stdexcept>

namespace dse {
namespace {

using Call = FailingDisk::Call;

struct Plan {
  bool armed = false;
  Call call = Call::kWrite;
  int64_t left = 0;  // calls until the one that fails
  int code = SQLITE_OK;
  FailingDisk::Failure failure = FailingDisk::Failure::kOnce;
  bool failed = false;
};
Plan plan;

// What the call shall answer in place of the disk; SQLITE_OK: ask the disk.
int Answer(Call call) {
  if (!plan.armed) return SQLITE_OK;
  if (plan.failed) {
    return plan.failure == FailingDisk::Failure::kFromThenOn ? plan.code : SQLITE_OK;
  }
  if (call != plan.call || --plan.left > 0) return SQLITE_OK;
  plan.failed = true;
  return plan.code;
}

// A file of ours; the real one lies right behind it.
struct File {
  sqlite3_file base;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

sqlite3_file* Real(sqlite3_file* file) { return reinterpret_cast<File*>(file)->real(); }
const sqlite3_io_methods* Methods(sqlite3_file* file) { return Real(file)->pMethods; }
sqlite3_vfs* RealDisk(sqlite3_vfs* disk) { return static_cast<sqlite3_vfs*>(disk->pAppData); }

int Close(sqlite3_file* file) { return Methods(file)->xClose(Real(file)); }
int Read(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
  return Methods(file)->xRead(Real(file), to, size, at);
}
int Write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  const bool before = plan.failed;
  const int answer = Answer(Call::kWrite);
  if (answer == SQLITE_OK) return Methods(file)->xWrite(Real(file), from, size, at);
  if (!before && plan.failure == FailingDisk::Failure::kFromThenOn) {
    Methods(file)->xWrite(Real(file), from, size / 2, at);
  }
  return answer;
}
int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  const int answer = Answer(Call::kTruncate);
  return answer == SQLITE_OK ? Methods(file)->xTruncate(Real(file), size) : answer;
}
int Sync(sqlite3_file* file, int flags) {
  const int answer = Answer(Call::kSync);
  return answer == SQLITE_OK ? Methods(file)->xSync(Real(file), flags) : answer;
}
int FileSize(sqlite3_file* file, sqlite3_int64* size) {
  return Methods(file)->xFileSize(Real(file), size);
}
int Lock(sqlite3_file* file, int level) { return Methods(file)->xLock(Real(file), level); }
int Unlock(sqlite3_file* file, int level) { return Methods(file)->xUnlock(Real(file), level); }
int CheckReservedLock(sqlite3_file* file, int* out) {
  return Methods(file)->xCheckReservedLock(Real(file), out);
}
int FileControl(sqlite3_file* file, int what, void* argument) {
  return Methods(file)->xFileControl(Real(file), what, argument);
}
int SectorSize(sqlite3_file* file) { return Methods(file)->xSectorSize(Real(file)); }
int DeviceCharacteristics(sqlite3_file* file) {
  return Methods(file)->xDeviceCharacteristics(Real(file));
}

// Version 1: without the shared memory of WAL, which results files never use.
constexpr sqlite3_io_methods kMethods = {1,
                                         Close,
                                         Read,
                                         Write,
                                         Truncate,
                                         Sync,
                                         FileSize,
                                         Lock,
                                         Unlock,
                                         CheckReservedLock,
                                         FileControl,
                                         SectorSize,
                                         DeviceCharacteristics,
                                         nullptr,
                                         nullptr,
                                         nullptr,
                                         nullptr,
                                         nullptr,
                                         nullptr};

int Open(sqlite3_vfs* disk, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  file->pMethods = nullptr;
  const int answer = Answer(Call::kOpen);
  if (answer != SQLITE_OK) return answer;
  const int code = RealDisk(disk)->xOpen(RealDisk(disk), name, Real(file), flags, out_flags);
  if (Real(file)->pMethods != nullptr) file->pMethods = &kMethods;
  return code;
}

int Delete(sqlite3_vfs* disk, const char* name, int sync_folder) {
  const int answer = Answer(Call::kDelete);
  return answer == SQLITE_OK ? RealDisk(disk)->xDelete(RealDisk(disk), name, sync_folder) : answer;
}

sqlite3_vfs disk;

}  // namespace

FailingDisk::FailingDisk() {
  sqlite3_vfs* real = sqlite3_vfs_find(nullptr);
  disk = *real;
  disk.zName = "failing";
  disk.szOsFile += static_cast<int>(sizeof(File));
  disk.pAppData = real;
  disk.xOpen = Open;
  disk.xDelete = Delete;
  if (sqlite3_vfs_register(&disk, /*makeDflt=*/1) != SQLITE_OK) {
    throw std::runtime_error("SQLite does not take the failing disk");
  }
}

FailingDisk::~FailingDisk() {
  plan = {};
  sqlite3_vfs_unregister(&disk);
  sqlite3_vfs_register(static_cast<sqlite3_vfs*>(disk.pAppData), /*makeDflt=*/1);
}

void FailingDisk::FailAt(Call call, int64_t nth, int code, Failure failure) {
  plan = {true, call, nth, code, failure, false};
}

bool FailingDisk::Stop() {
  const bool failed = plan.failed;
  plan = {};
  return failed;
}

}  // namespace dse
