#include "runner/slurm/queue.h"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/runner/slurm/fake_command.h"

namespace dse::queue_test {
namespace {

// What squeue 22.05 prints for a job: its fields in the order of the format.
std::string Printed(const std::string& separator, const std::vector<std::string>& fields) {
  std::string text;
  for (const std::string& field : fields) text += separator + field;
  return text + "\n";
}

TEST_CASE("jobs of an array, waiting and running, are read from squeue", "[slurm]") {
  const std::string s = "=1234=";
  const std::string text =
      Printed(s, {"17", "3", "20", "PENDING", "Resources", "low", "ann", "N/A", "N/A", "dse:/a"}) +
      Printed(s,
              {"18", "N/A", "18", "RUNNING", "None", "gpu", "bob", "1795990228", "NONE", "(null)"});
  const std::vector<QueuedJob> jobs = ParseQueue(text, s);
  REQUIRE(jobs.size() == 2);
  CHECK(jobs[0].array_id == 17);
  CHECK(jobs[0].task == 3);
  CHECK(jobs[0].id == 20);
  CHECK(jobs[0].Name() == "17_3");
  CHECK(jobs[0].Waits());
  CHECK(jobs[0].reason == "Resources");
  CHECK_FALSE(jobs[0].start);
  CHECK(jobs[0].comment == "dse:/a");
  CHECK(jobs[1].Name() == "18");
  CHECK_FALSE(jobs[1].Waits());
  CHECK(jobs[1].start == 1795990228);
  CHECK_FALSE(jobs[1].end);
  CHECK(jobs[1].partition == "gpu");
  CHECK(jobs[1].user == "bob");
}

TEST_CASE("no comment can look like another job", "[slurm]") {
  const std::string s = "=1234=";
  const std::string hostile = "x\n=17=N/A=99=RUNNING=\n\"|;'$(id)";
  const std::vector<QueuedJob> jobs = ParseQueue(
      Printed(s, {"17", "N/A", "17", "RUNNING", "None", "low", "eve", "1", "2", hostile}), s);
  REQUIRE(jobs.size() == 1);
  CHECK(jobs[0].comment == hostile);
  CHECK(ParseQueue("", s).empty());
  CHECK(ParseQueue("slurm is being upgraded\n", s).empty());
}

TEST_CASE("the comment of a database is one line and tells files apart", "[slurm]") {
  CHECK(JobComment("/data/a b'$(x).db") == "dse:/data/a b'$(x).db");
  CHECK(JobComment("/data/x/../a.db") == "dse:/data/a.db");
  CHECK(JobComment("/data/a\nb.db") == "dse:/data/a%0Ab.db");
  CHECK(JobComment("/data/a%0Ab.db") == "dse:/data/a%250Ab.db");
  CHECK(JobComment("a.db").starts_with("dse:/"));
}

TEST_CASE("the jobs of a database are those with its comment, whatever the environment asks for",
          "[slurm]") {
  // Prints what it was asked for, with two jobs in it.
  const FakeCommand squeue("squeue", R"(
[ -z "$SQUEUE_FORMAT$SQUEUE_USERS" ] && [ "$SLURM_TIME_FORMAT" = %s ] || exit 9
for word; do case $word in --format=*) format=${word#--format=};; esac; done
s=${format%%%*}
for comment in dse:/a.db dse:/b.db; do
  for field in 7 1 8 RUNNING None low ann 10 20 $comment; do printf '%s%s' "$s" "$field"; done; echo
done)");
  setenv("SQUEUE_FORMAT", "%j", 1);
  setenv("SQUEUE_USERS", "nobody", 1);
  const JobQueue queue = JobsOf("/b.db");
  unsetenv("SQUEUE_FORMAT");
  unsetenv("SQUEUE_USERS");
  INFO(queue.error);
  CHECK(queue.answer == SlurmAnswer::kAnswered);
  REQUIRE(queue.jobs.size() == 1);
  CHECK(queue.jobs[0].Name() == "7_1");
  CHECK(ReadQueue().jobs.size() == 2);
}

TEST_CASE("no Slurm, a silent controller and an empty queue are three answers", "[slurm]") {
  {
    const FakeCommand squeue("squeue", "exit 0");
    const JobQueue queue = JobsOf("/b.db");
    CHECK(queue.answer == SlurmAnswer::kAnswered);
    CHECK(queue.jobs.empty());
  }
  {
    const FakeCommand squeue(
        "squeue",
        "echo 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)' >&2; "
        "exit 1");
    const JobQueue queue = JobsOf("/b.db");
    CHECK(queue.answer == SlurmAnswer::kSilent);
    CHECK_THAT(queue.error, Catch::Contains("Unable to contact"));
  }
  {
    const FakeCommand squeue("squeue", "sleep 600");
    CHECK(JobsOf("/b.db", 0.2).answer == SlurmAnswer::kSilent);
  }
  {
    const FakeCommand squeue(
        "squeue", "echo 'squeue: fatal: Could not establish a configuration source' >&2; exit 1");
    CHECK(JobsOf("/b.db").answer == SlurmAnswer::kNoSlurm);
  }
  {
    const FakeCommand squeue("squeue", "echo 'squeue: error: Invalid user' >&2; exit 1");
    CHECK(JobsOf("/b.db").answer == SlurmAnswer::kRefused);
  }
  const std::string path = getenv("PATH");
  setenv("PATH", "/nonexistent", 1);
  const JobQueue queue = JobsOf("/b.db");
  setenv("PATH", path.c_str(), 1);
  CHECK(queue.answer == SlurmAnswer::kNoSlurm);
  CHECK_THAT(queue.error, Catch::Contains("squeue"));
}

TEST_CASE("an answer that is not squeue's is told, and is no empty queue", "[slurm]") {
  const FakeCommand squeue(
      "squeue",
      "for w; do :; done; s=${w#--format=}; s=${s%%%F*}; for f in x x x x x x x x x x; do "
      "printf '%s' \"$s$f\"; done");
  const JobQueue queue = ReadQueue();
  CHECK(queue.answer == SlurmAnswer::kRefused);
  CHECK_THAT(queue.error, Catch::Contains("number"));
}

}  // namespace
}  // namespace dse::queue_test
