#include "runner/slurm/queue.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <random>
#include <system_error>

#include "core/error.h"

namespace dse {
namespace {

// Array id, task, id, state, reason, partition, user, start, end; the comment last.
constexpr std::array<std::string_view, 10> kFields{"%F", "%K", "%A", "%T", "%r",
                                                   "%P", "%u", "%S", "%e", "%k"};

std::optional<int64_t> Number(std::string_view text) {
  int64_t number = 0;
  const auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || stop != text.data() + text.size()) return {};  // N/A, NONE, UNLIMITED
  return number;
}

std::string NewSeparator() {
  std::random_device random;
  return fmt::format("={:08x}{:08x}=", random(), random());
}

// The pieces behind each separator.
std::vector<std::string_view> Split(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> pieces;
  for (size_t at = text.find(separator); at != std::string_view::npos;) {
    const size_t begin = at + separator.size();
    at = text.find(separator, begin);
    pieces.push_back(text.substr(begin, at == std::string_view::npos ? at : at - begin));
  }
  return pieces;
}

std::string_view WithoutLineEnd(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  return text;
}

JobQueue Ask(const std::vector<std::string>& options, double seconds) {
  const std::string separator = NewSeparator();
  std::vector<std::string> words{"squeue", "--noheader", "--array", "--all", "--local"};
  words.insert(words.end(), options.begin(), options.end());
  words.push_back("--format=" + QueueFormat(separator));
  const SlurmReply reply = AskSlurm(words, seconds);
  JobQueue queue{reply.answer, reply.error, {}};
  if (reply.answer != SlurmAnswer::kAnswered) return queue;
  try {
    queue.jobs = ParseQueue(reply.out, separator);
  } catch (const Error& error) {
    queue = {SlurmAnswer::kRefused, error.what(), {}};
  }
  return queue;
}

}  // namespace

std::string QueuedJob::Name() const {
  return task ? fmt::format("{}_{}", array_id, *task) : std::to_string(id);
}

std::string QueueFormat(std::string_view separator) {
  std::string format;
  for (const std::string_view field : kFields) format.append(separator).append(field);
  return format;
}

std::vector<QueuedJob> ParseQueue(std::string_view text, std::string_view separator) {
  const std::vector<std::string_view> pieces = Split(text, separator);
  std::vector<QueuedJob> jobs;
  for (size_t i = 0; i + kFields.size() <= pieces.size(); i += kFields.size()) {
    const auto field = [&](size_t index) { return pieces[i + index]; };
    const std::optional<int64_t> array_id = Number(field(0)), id = Number(field(2));
    if (!array_id || !id) throw Error(fmt::format("squeue: no number of a job: '{}'", field(2)));
    QueuedJob job;
    job.array_id = *array_id;
    job.task = Number(field(1));
    job.id = *id;
    job.state = field(3);
    job.reason = field(4);
    job.partition = field(5);
    job.user = field(6);
    job.start = Number(field(7));
    job.end = Number(field(8));
    job.comment = WithoutLineEnd(field(9));
    jobs.push_back(std::move(job));
  }
  return jobs;
}

JobQueue ReadQueue(bool ended, double seconds) {
  return Ask(ended ? std::vector<std::string>{"--states=all"} : std::vector<std::string>(),
             seconds);
}

JobQueue ReadJobs(std::span<const int64_t> ids, double seconds) {
  std::string list;
  for (const int64_t id : ids) list += (list.empty() ? "" : ",") + std::to_string(id);
  JobQueue queue = Ask({"--states=all", "--jobs=" + list}, seconds);
  // What squeue says where it knows none of them.
  if (queue.answer == SlurmAnswer::kRefused &&
      queue.error.find("Invalid job id") != std::string::npos) {
    return {};
  }
  return queue;
}

std::string JobComment(const std::string& database) {
  std::error_code ignored;
  const std::filesystem::path absolute = std::filesystem::absolute(database);
  std::string path = std::filesystem::weakly_canonical(absolute, ignored).string();
  if (path.empty()) path = absolute.lexically_normal().string();
  std::string comment = "dse:";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '%' || byte < 0x20 || byte == 0x7f) {
      comment += fmt::format("%{:02X}", byte);
    } else {
      comment += c;
    }
  }
  return comment;
}

JobQueue JobsOf(const std::string& database, double seconds) {
  JobQueue queue = ReadQueue(/*ended=*/false, seconds);
  const std::string comment = JobComment(database);
  std::erase_if(queue.jobs, [&](const QueuedJob& job) { return job.comment != comment; });
  return queue;
}

}  // namespace dse
