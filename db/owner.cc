#include "db/owner.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <mutex>
#include <random>
#include <sstream>
#include <utility>
#include <vector>

namespace dse {
namespace {

// What a token is made of; a field that cannot be found out is "?".
struct Identity {
  std::string host;
  std::string boot;           // id of the machine's current boot
  std::string pid_namespace;  // number of the namespace that process ids mean something in
  std::string pid;
  std::string start;  // of the process, in clock ticks since boot
  std::string random;
};

std::string FirstWord(const std::string& file) {
  std::ifstream in(file);
  std::string word;
  return in >> word ? word : "?";
}

std::string HostName() {
  char name[256] = {};
  if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0') return "?";
  std::string host = name;
  for (char& c : host) {
    if (c == '/') c = '_';
  }
  return host;
}

std::string PidNamespace() {
  char link[64] = {};  // "pid:[4026531836]"
  if (readlink("/proc/self/ns/pid", link, sizeof(link) - 1) <= 0) return "?";
  const std::string text = link;
  const size_t open = text.find('['), close = text.find(']');
  if (open == std::string::npos || close == std::string::npos) return "?";
  return text.substr(open + 1, close - open - 1);
}

struct ProcessStat {
  std::string state = "?";
  std::string threads = "?";
  std::string start = "?";
};

// /proc/PID/stat; the second field, the program's name, may hold anything, so reading starts after
// it.
ProcessStat ReadStat(const std::string& pid) {
  std::ifstream in("/proc/" + pid + "/stat");
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const size_t end = text.rfind(')');
  if (end == std::string::npos) return {};
  std::istringstream fields(text.substr(end + 1));
  std::vector<std::string> words{std::istream_iterator<std::string>(fields), {}};
  // words[0] is field 3, the state; threads are field 20, the start time is field 22.
  if (words.size() < 20) return {};
  return {words[0], words[17], words[19]};
}

std::string RandomDigits() {
  std::random_device device;
  std::ostringstream out;
  out << std::hex << device() << device();
  return out.str();
}

Identity ThisIdentity() {
  const std::string pid = std::to_string(getpid());
  return {HostName(),          FirstWord("/proc/sys/kernel/random/boot_id"),
          PidNamespace(),      pid,
          ReadStat(pid).start, RandomDigits()};
}

std::string JobWord(const OwnerJob& job) {
  std::string cluster = job.cluster;
  for (char& c : cluster) {
    if (c == '/' || c == ':') c = '_';
  }
  return "slurm:" + cluster + ':' + std::to_string(job.user) + ':' + std::to_string(job.id) + ':' +
         (job.start ? std::to_string(*job.start) : "?");
}

std::optional<int64_t> Number(const std::string& text) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, number);
  if (code != std::errc() || stop != end) return {};
  return number;
}

std::string Join(const Identity& i) {
  return i.host + '/' + i.boot + '/' + i.pid_namespace + '/' + i.pid + '/' + i.start + '/' +
         i.random;
}

// False for text that is no token.
bool Split(const std::string& token, Identity& identity) {
  std::istringstream in(token);
  return std::getline(in, identity.host, '/') && std::getline(in, identity.boot, '/') &&
         std::getline(in, identity.pid_namespace, '/') && std::getline(in, identity.pid, '/') &&
         std::getline(in, identity.start, '/') && std::getline(in, identity.random);
}

// The token of this process, made once.
struct ThisToken {
  std::mutex mutex;
  std::string token;
  std::string job;  // behind the token, "" outside of a job
  pid_t made_by = 0;
};
ThisToken& Shared() {
  static ThisToken shared;
  return shared;
}

}  // namespace

Owner Owner::ThisProcess() {
  ThisToken& shared = Shared();
  const std::lock_guard<std::mutex> lock(shared.mutex);
  if (shared.made_by != getpid()) {  // first call, or a child after fork
    shared.token = Join(ThisIdentity());
    shared.made_by = getpid();
  }
  return Owner(shared.token + shared.job);
}

void Owner::SetJob(const OwnerJob& job) {
  ThisToken& shared = Shared();
  const std::lock_guard<std::mutex> lock(shared.mutex);
  shared.job = '/' + JobWord(job);
}

std::optional<OwnerJob> Owner::job() const {
  const size_t slash = token_.rfind('/');
  std::istringstream in(token_.substr(slash == std::string::npos ? 0 : slash + 1));
  std::string kind, cluster, user, id, start;
  for (std::string* word : {&kind, &cluster, &user, &id, &start}) {
    if (!std::getline(in, *word, ':')) return {};
  }
  const std::optional<int64_t> uid = Number(user), number = Number(id);
  if (kind != "slurm" || !uid || !number) return {};
  return OwnerJob{cluster, *uid, *number, Number(start)};
}

std::string Owner::host() const { return token_.substr(0, token_.find('/')); }

bool Owner::CertainlyDead() const {
  Identity owner, here;
  if (!Split(token_, owner) || !Split(ThisProcess().token(), here)) return false;
  for (const auto& [theirs, ours] : {std::pair(owner.host, here.host),
                                     {owner.boot, here.boot},
                                     {owner.pid_namespace, here.pid_namespace}}) {
    if (theirs != ours || ours == "?") return false;
  }
  long pid = 0;
  std::istringstream(owner.pid) >> pid;
  if (pid <= 0) return false;
  // Not /proc alone: it may hide the processes of other users.
  if (kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH) return true;
  const ProcessStat stat = ReadStat(owner.pid);
  if (stat.start == "?" || owner.start == "?") return false;
  if (stat.start != owner.start) return true;  // another process has its number now
  // Ended, but its parent has not asked for its exit status yet.
  return (stat.state == "Z" || stat.state == "X") && (stat.threads == "0" || stat.threads == "1");
}

std::set<std::string> EndedInJobs(const std::set<std::string>& tokens, const EndedOwners& ended) {
  std::vector<Owner> owners;
  for (const std::string& token : tokens) {
    const Owner owner = Owner::FromToken(token);
    if (owner.job()) owners.push_back(owner);
  }
  if (!ended || owners.empty()) return {};
  const std::vector<bool> answers = ended(owners);
  std::set<std::string> gone;
  for (size_t i = 0; i < owners.size(); ++i) {
    if (answers[i]) gone.insert(owners[i].token());
  }
  return gone;
}

}  // namespace dse
