#include "core/file_system.h"

#include <sys/vfs.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "core/error.h"

namespace dse {
namespace {

namespace fs = std::filesystem;

struct KnownType {
  uint32_t type;
  const char* name;
  bool network;
};

// The numbers of linux/magic.h, and of file systems that are no part of Linux. What FUSE stands
// for is not known (sshfs, GlusterFS, JuiceFS, virtiofs, but NTFS too), so the worst is taken.
constexpr std::array kKnownTypes = {
    KnownType{0x6969, "NFS", true},
    KnownType{0x0BD00BD0, "Lustre", true},
    KnownType{0x47504653, "GPFS", true},
    KnownType{0x19830326, "BeeGFS", true},
    KnownType{0x00C36400, "CephFS", true},
    KnownType{0x517B, "SMB", true},
    KnownType{0xFF534D42, "CIFS", true},
    KnownType{0xFE534D42, "SMB2", true},
    KnownType{0x65735546, "FUSE", true},
    KnownType{0x01021997, "9p", true},
    KnownType{0x5346414F, "AFS", true},
    KnownType{0x6B414653, "AFS", true},
    KnownType{0x73757245, "Coda", true},
    KnownType{0x564C, "NCP", true},
    KnownType{0x7461636F, "OCFS2", true},
    KnownType{0x01161970, "GFS2", true},
    KnownType{0x18031977, "WekaFS", true},
    KnownType{0xAAD7AAEA, "PanFS", true},
    KnownType{0xBEEFDEAD, "StorNext", true},
    KnownType{0x786F4256, "VirtualBox folder", true},
    KnownType{0xBACBACBC, "VMware folder", true},
    KnownType{0xEF53, "ext4", false},
    KnownType{0x58465342, "XFS", false},
    KnownType{0x9123683E, "Btrfs", false},
    KnownType{0x2FC12FC1, "ZFS", false},
    KnownType{0xCA451A4E, "bcachefs", false},
    KnownType{0xF2F52010, "F2FS", false},
    KnownType{0x01021994, "tmpfs", false},
    KnownType{0x858458F6, "ramfs", false},
    KnownType{0x794C7630, "overlayfs", false},
    KnownType{0x61756673, "aufs", false},
    KnownType{0x73717368, "SquashFS", false},
    KnownType{0x9660, "ISO 9660", false},
    KnownType{0x4D44, "FAT", false},
    KnownType{0x5346544E, "NTFS", false},
    KnownType{0x7366746E, "NTFS", false},
    KnownType{0x2011BAB0, "exFAT", false},
    KnownType{0x52654973, "ReiserFS", false},
    KnownType{0x3153464A, "JFS", false},
    KnownType{0x3434, "NILFS", false},
    KnownType{0x24051905, "UBIFS", false},
    KnownType{0xF15F, "eCryptfs", false},
    KnownType{0xE0F5E1E2, "EROFS", false},
};

// Links followed at most, as the kernel's own limit.
constexpr int kMostLinks = 40;

std::string HexText(uint32_t value) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text = "0x";
  for (int shift = 28; shift >= 0; shift -= 4) text += kDigits[(value >> shift) & 15];
  return text;
}

}  // namespace

FileSystem FileSystemOfType(uint64_t type) {
  const auto number = static_cast<uint32_t>(type);  // f_type is signed, and 32 or 64 bits wide
  for (const KnownType& known : kKnownTypes) {
    if (known.type == number) return {known.name, known.network, true};
  }
  return {HexText(number), false, false};
}

FileSystem FileSystemOf(const std::string& path) {
  fs::path at = fs::absolute(path);
  for (int links = 0; links <= kMostLinks;) {
    struct statfs found = {};
    if (statfs(at.c_str(), &found) == 0) return FileSystemOfType(found.f_type);
    const int reason = errno;
    if (reason == EINTR) continue;
    if (reason != ENOENT && reason != ENOTDIR) {
      throw Error(path + ": its file system cannot be told: " + std::strerror(reason),
                  Fault::kMachine);
    }
    std::error_code no_link;
    const fs::path target = fs::read_symlink(at, no_link);  // one that leads nowhere yet
    if (!no_link) {
      at = at.parent_path() / target;
      ++links;
    } else {
      at = at.has_filename() ? at.parent_path() : at.parent_path().parent_path();
    }
  }
  throw Error(path + ": its file system cannot be told: too many symbolic links", Fault::kMachine);
}

}  // namespace dse
