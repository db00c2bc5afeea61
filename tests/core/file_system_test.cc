#include "core/file_system.h"

#include <sys/vfs.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "core/error.h"
#include "tests/support/temp_folder.h"

namespace dse::file_system_test {
namespace {

namespace fs = std::filesystem;

TEST_CASE("file systems that several machines may write are told from local ones by their number") {
  struct Case {
    uint64_t type;
    const char* name;
  };
  // linux/magic.h; Lustre, GPFS, BeeGFS and WekaFS by their own sources.
  const Case shared[] = {{0x6969, "NFS"},        {0x0BD00BD0, "Lustre"}, {0x47504653, "GPFS"},
                         {0x19830326, "BeeGFS"}, {0x00C36400, "CephFS"}, {0xFF534D42, "CIFS"},
                         {0xFE534D42, "SMB2"},   {0x65735546, "FUSE"},   {0x01021997, "9p"},
                         {0x5346414F, "AFS"},    {0x7461636F, "OCFS2"},  {0x01161970, "GFS2"},
                         {0x18031977, "WekaFS"}};
  for (const Case& one : shared) {
    CHECK(FileSystemOfType(one.type).name == one.name);
    CHECK(FileSystemOfType(one.type).network);
  }
  const Case local[] = {
      {0xEF53, "ext4"}, {0x58465342, "XFS"}, {0x9123683E, "Btrfs"}, {0x01021994, "tmpfs"}};
  for (const Case& one : local) {
    CHECK(FileSystemOfType(one.type).name == one.name);
    CHECK_FALSE(FileSystemOfType(one.type).network);
  }
}

TEST_CASE("a file system's number is told as 32 bits, whatever the width of f_type") {
  const auto negative = static_cast<uint64_t>(int64_t{static_cast<int32_t>(0xFF534D42)});
  CHECK(FileSystemOfType(negative).name == "CIFS");
  CHECK(FileSystemOfType(0x0badcafe).name == "0x0badcafe");
  CHECK_FALSE(FileSystemOfType(0x0badcafe).known);
  CHECK(FileSystemOfType(0x6969).known);
}

TEST_CASE("a file that does not exist yet lies where its nearest parent does") {
  const TempFolder folder;
  struct statfs here = {};
  REQUIRE(statfs(folder.path().c_str(), &here) == 0);
  const std::string name = FileSystemOfType(here.f_type).name;
  const std::string file = folder.Write("file", "text");
  CHECK(FileSystemOf(file).name == name);
  CHECK(FileSystemOf(folder / "not/yet/made.db").name == name);
  CHECK(FileSystemOf(file + "/below-a-file").name == name);
  CHECK_FALSE(FileSystemOf("made-in-this-folder.db").name.empty());
}

TEST_CASE("links are followed to where a file lies, also those that lead nowhere yet") {
  const TempFolder folder;
  struct statfs other = {};
  REQUIRE(statfs("/proc", &other) == 0);
  const std::string name = FileSystemOfType(other.f_type).name;
  fs::create_symlink("/proc", folder / "folder");
  fs::create_symlink("/proc/nothing-of-this-name", folder / "nowhere");
  fs::create_symlink("nowhere", folder / "twice");
  CHECK(FileSystemOf(folder.path()).name != name);
  for (const char* link : {"folder", "folder/new/file.db", "nowhere", "twice", "twice/below"}) {
    CAPTURE(link);
    CHECK(FileSystemOf(folder / link).name == name);
  }
  fs::create_symlink("circle", folder / "circle");
  CHECK_THROWS_AS(FileSystemOf(folder / "circle"), Error);
}

}  // namespace
}  // namespace dse::file_system_test
