#include "core/machine.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

namespace dse {
namespace {

// The first number of a file; empty for "max" and where there is none.
std::optional<double> FirstNumber(const std::string& file) {
  std::ifstream in(file);
  double number = 0;
  if (in >> number) return number;
  return {};
}

// The number behind `name` in a file of lines "NAME NUMBER ..."; 0 where it has none.
double NumberOf(const std::string& file, const std::string& name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string word;
    double number = 0;
    if (words >> word >> number && word == name) return number;
  }
  return 0;
}

bool HasWord(const std::string& list, const std::string& word) {
  std::istringstream in(list);
  for (std::string each; std::getline(in, each, ',');) {
    if (each == word) return true;
  }
  return false;
}

// `mount`/a/b, `mount`/a and `mount` for the group "/a/b": a limit above holds below. In a
// container only the last may be there.
void AddGroup(std::vector<std::string>& folders, const std::string& mount, std::string group) {
  while (group.size() > 1) {
    folders.push_back(mount + group);
    group.resize(group.rfind('/'));
  }
  folders.push_back(mount);
}

// The folders of this process's control groups that may limit what `controller` counts, of both
// versions: /proc/self/cgroup has lines "NUMBER:CONTROLLERS:GROUP", with no controllers in
// version 2.
struct GroupFolders {
  std::vector<std::string> unified;  // of version 2
  std::vector<std::string> legacy;
};
GroupFolders FoldersOf(const std::string& root, const std::string& controller) {
  const std::string mount = root + "/sys/fs/cgroup";
  GroupFolders folders;
  std::ifstream in(root + "/proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (controllers.empty()) AddGroup(folders.unified, mount, group);
    if (!HasWord(controllers, controller)) continue;
    AddGroup(folders.legacy, mount + "/" + controller, group);
    if (controllers != controller) AddGroup(folders.legacy, mount + "/" + controllers, group);
  }
  return folders;
}

std::optional<double> CpuQuota(const std::string& root) {
  std::optional<double> least;
  const auto take = [&](std::optional<double> quota, std::optional<double> period) {
    if (!quota || !period || *quota <= 0 || *period <= 0) return;
    const double cores = *quota / *period;
    if (!least || cores < *least) least = cores;
  };
  const GroupFolders folders = FoldersOf(root, "cpu");
  for (const std::string& folder : folders.unified) {
    std::ifstream in(folder + "/cpu.max");  // "150000 100000" or "max 100000"
    double quota = 0, period = 0;
    if (in >> quota >> period) take(quota, period);
  }
  for (const std::string& folder : folders.legacy) {
    take(FirstNumber(folder + "/cpu.cfs_quota_us"), FirstNumber(folder + "/cpu.cfs_period_us"));
  }
  return least;
}

int AffinityCores() {
  // Larger machines than a cpu_set_t can tell of are asked for in a larger one.
  for (int most = CPU_SETSIZE; most <= 64 * CPU_SETSIZE; most *= 4) {
    cpu_set_t* set = CPU_ALLOC(static_cast<size_t>(most));
    if (set == nullptr) break;
    const size_t bytes = CPU_ALLOC_SIZE(static_cast<size_t>(most));
    const bool told = sched_getaffinity(0, bytes, set) == 0;
    const int count = told ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (told && count > 0) return count;
  }
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

}  // namespace

int UsableCores(const std::string& root) {
  const int cores = AffinityCores();
  const std::optional<double> quota = CpuQuota(root);
  if (!quota || *quota >= cores) return cores;
  return std::max(1, static_cast<int>(std::ceil(*quota)));
}

std::optional<int64_t> UsableMemory(const std::string& root) {
  std::optional<double> least;
  const auto take = [&](double bytes) {
    if (!least || bytes < *least) least = std::max(0.0, bytes);
  };
  // What the page cache of the group has not used lately is given back when it is asked for.
  const auto take_group = [&](const std::string& folder, const char* limit, const char* used,
                              const char* cache) {
    const std::optional<double> most = FirstNumber(folder + "/" + limit);
    const std::optional<double> taken = FirstNumber(folder + "/" + used);
    if (most && taken) take(*most - *taken + NumberOf(folder + "/memory.stat", cache));
  };
  const double available = NumberOf(root + "/proc/meminfo", "MemAvailable:") * 1024;
  if (available > 0) take(available);
  const GroupFolders folders = FoldersOf(root, "memory");
  for (const std::string& folder : folders.unified) {
    take_group(folder, "memory.max", "memory.current", "inactive_file");
  }
  for (const std::string& folder : folders.legacy) {
    take_group(folder, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file");
  }
  if (!least) return {};
  return static_cast<int64_t>(*least);
}

}  // namespace dse
