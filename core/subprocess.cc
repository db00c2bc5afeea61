#include "core/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <thread>

#include "core/clock.h"
#include "core/error.h"

namespace dse {
namespace {

// A pipe that other programs do not inherit; both ends are closed with it.
class Pipe {
 public:
  Pipe() {
    if (pipe2(ends_, O_CLOEXEC) != 0) throw Error(std::string("no pipe: ") + std::strerror(errno));
  }
  ~Pipe() {
    Close(0);
    Close(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int read_end() const { return ends_[0]; }
  int write_end() const { return ends_[1]; }
  void Close(int end) {
    if (ends_[end] >= 0) close(ends_[end]);
    ends_[end] = -1;
  }

 private:
  int ends_[2] = {-1, -1};
};

using File = std::unique_ptr<FILE, int (*)(FILE*)>;

File FileOf(const std::string& text) {
  if (text.empty()) {
    File nothing(std::fopen("/dev/null", "re"), &std::fclose);
    if (!nothing) throw Error(std::string("/dev/null: ") + std::strerror(errno));
    return nothing;
  }
  File file(std::tmpfile(), &std::fclose);
  if (!file || std::fwrite(text.data(), 1, text.size(), file.get()) != text.size() ||
      std::fflush(file.get()) != 0 || lseek(fileno(file.get()), 0, SEEK_SET) != 0) {
    throw Error(std::string("no temporary file: ") + std::strerror(errno));
  }
  return file;
}

std::vector<std::string> Environment(const SubprocessOptions& options) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    const std::string name = text.substr(0, text.find('='));
    const bool differs = std::ranges::any_of(
        options.environment, [&](const auto& change) { return change.first == name; });
    if (!differs) variables.push_back(text);
  }
  for (const auto& [name, value] : options.environment) {
    if (value) variables.push_back(name + "=" + *value);
  }
  return variables;
}

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Mostly in a process group of its own, so that what it started can be killed with it, and with the
// signals as they are at first. 0 where there is no such program.
pid_t Spawn(std::span<const std::string> words, const SubprocessOptions& options, int input,
            const Pipe& out, const Pipe& err) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, 0);
  posix_spawn_file_actions_adddup2(&actions, out.write_end(), 1);
  posix_spawn_file_actions_adddup2(&actions, err.write_end(), 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t set;
  sigemptyset(&set);
  posix_spawnattr_setsigmask(&attributes, &set);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGPIPE}) sigaddset(&set, signal);
  posix_spawnattr_setsigdefault(&attributes, &set);
  posix_spawnattr_setpgroup(&attributes, 0);
  const int group = options.own_group ? POSIX_SPAWN_SETPGROUP : 0;
  posix_spawnattr_setflags(&attributes,
                           short(group | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
  std::vector<std::string> arguments(words.begin(), words.end());
  std::vector<std::string> variables = Environment(options);
  pid_t pid = 0;
  const int failure = posix_spawnp(&pid, arguments.front().c_str(), &actions, &attributes,
                                   Pointers(arguments).data(), Pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  // What a folder of the PATH that is a file, or may not be read, comes to.
  if (failure == ENOENT || failure == ENOTDIR || failure == EACCES) return 0;
  if (failure != 0) {
    throw Error("'" + arguments.front() + "' cannot be started: " + std::strerror(failure));
  }
  return pid;
}

// Reads both pipes until both are closed or the time is up, which it then answers.
bool Drain(const Pipe& out, const Pipe& err, Clock::time_point end, SubprocessResult& result) {
  std::array<pollfd, 2> pipes{{{out.read_end(), POLLIN, 0}, {err.read_end(), POLLIN, 0}}};
  const std::array<std::string*, 2> texts{&result.out, &result.err};
  std::array<char, 65536> buffer;
  for (int open = 2; open > 0;) {
    const double left = SecondsBetween(Clock::now(), end);
    if (left <= 0) return true;
    if (poll(pipes.data(), pipes.size(), static_cast<int>(1000 * std::min(left, 3600.0)) + 1) < 0) {
      continue;  // a signal
    }
    for (size_t i = 0; i < pipes.size(); ++i) {
      if (pipes[i].fd < 0 || pipes[i].revents == 0) continue;
      const ssize_t got = read(pipes[i].fd, buffer.data(), buffer.size());
      if (got > 0) {
        texts[i]->append(buffer.data(), static_cast<size_t>(got));
      } else if (got == 0 || errno != EINTR) {
        pipes[i].fd = -1;
        --open;
      }
    }
  }
  return false;
}

// Its wait status, or empty when the time is up. It may have closed its output and go on.
std::optional<int> WaitUntil(pid_t pid, Clock::time_point end) {
  while (true) {
    int status = 0;
    if (waitpid(pid, &status, WNOHANG) == pid) return status;
    if (Clock::now() >= end) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace

std::optional<SubprocessResult> RunSubprocess(std::span<const std::string> words,
                                              const SubprocessOptions& options) {
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(options.seconds));
  const File input = FileOf(options.input);
  Pipe out, err;
  const pid_t pid = Spawn(words, options, fileno(input.get()), out, err);
  if (pid == 0) return {};
  out.Close(1);
  err.Close(1);
  SubprocessResult result;
  result.killed_late = Drain(out, err, end, result);
  std::optional<int> status;
  if (!result.killed_late) {
    status = WaitUntil(pid, end);
    result.killed_late = !status;
  }
  if (!status) {
    kill(options.own_group ? -pid : pid, SIGKILL);
    int killed = 0;
    while (waitpid(pid, &killed, 0) < 0 && errno == EINTR) {
    }
    status = killed;
  }
  result.code = WIFEXITED(*status) ? WEXITSTATUS(*status) : 128 + WTERMSIG(*status);
  return result;
}

}  // namespace dse
