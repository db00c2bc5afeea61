#include "tests/support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace dse {
namespace {

int ExitCode(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

[[noreturn]] void Exec(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  _exit(127);
}

// Reads both pipes until both are closed.
void Drain(int out, int err, ProcessResult& result) {
  std::array<pollfd, 2> fds{{{out, POLLIN, 0}, {err, POLLIN, 0}}};
  std::array<std::string*, 2> texts{&result.out, &result.err};
  std::array<char, 65536> buffer;
  int open = 2;
  while (open > 0) {
    if (poll(fds.data(), fds.size(), -1) < 0) continue;
    for (size_t i = 0; i < fds.size(); ++i) {
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      const ssize_t got = read(fds[i].fd, buffer.data(), buffer.size());
      if (got > 0) {
        texts[i]->append(buffer.data(), static_cast<size_t>(got));
      } else {
        fds[i].fd = -1;
        --open;
      }
    }
  }
}

}  // namespace

ProcessResult RunProcess(const std::vector<std::string>& words, const std::string& input) {
  FILE* stdin_file = tmpfile();
  if (stdin_file == nullptr) throw std::runtime_error("no temporary file");
  fwrite(input.data(), 1, input.size(), stdin_file);
  fflush(stdin_file);
  lseek(fileno(stdin_file), 0, SEEK_SET);
  int out[2];
  int err[2];
  if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(fileno(stdin_file), 0);
    dup2(out[1], 1);
    dup2(err[1], 2);
    Exec(words);
  }
  fclose(stdin_file);
  close(out[1]);
  close(err[1]);
  ProcessResult result;
  Drain(out[0], err[0], result);
  close(out[0]);
  close(err[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  result.code = ExitCode(status);
  return result;
}

BackgroundProcess::BackgroundProcess(const std::vector<std::string>& words) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);  // what it starts is waited for as well
  pid_ = fork();
  setpgid(pid_, pid_);  // in both, for either may be the first to go on
  if (pid_ != 0) return;
  const int null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; ++fd) dup2(null, fd);
  Exec(words);
}

BackgroundProcess::~BackgroundProcess() {
  if (pid_ <= 0) return;
  SignalGroup(SIGKILL);
  Wait();
}

void BackgroundProcess::SignalGroup(int signal) { kill(-pid_, signal); }
void BackgroundProcess::Signal(int signal) { kill(pid_, signal); }

int BackgroundProcess::Wait() {
  int status = 0;
  waitpid(pid_, &status, 0);
  while (waitpid(-pid_, nullptr, 0) > 0) {
  }
  pid_ = -1;
  return ExitCode(status);
}

}  // namespace dse
