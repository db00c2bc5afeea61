#!/usr/bin/env python3
"""A population is trained by `dse submit` on a real Slurm of one node, whose jobs are preempted, cancelled, killed and
run into their limit of time while its controller is restarted and its node drained. At the end every network is
trained once, with the error of an undisturbed training.
   slurm_test.py DSE [shared] [shards]
Exit code 77: Slurm is not installed, or does not start without privileges."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cluster import Cluster, missing_programs, wait_for  # noqa: E402

NETWORKS = 10
TRAIN = ["--data", "synthetic", "--recipe", "smoke", "--set", "epochs=4", "--threads", "1"]
dse_program = ""


def say(text):
    print(f"[{time.strftime('%T')}] {text}", flush=True)


def dse(*words, code=0):
    answer = subprocess.run([dse_program, *words], capture_output=True, text=True, timeout=600)
    if answer.returncode != code:
        raise AssertionError(f"{words} ended with {answer.returncode}: {answer.stdout}{answer.stderr}")
    return answer


def rows(path, sql):
    db = sqlite3.connect(f"file:{urllib.parse.quote(path)}?mode=ro", uri=True, timeout=600)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def draw(path):
    dse("sample", "--space", "RegNetX", "-n", str(NETWORKS), "--seed", "1", "--resolution", "32", "--classes", "10",
        "--stem", "cifar", "--stages", "3", "--flops", "1M:2M", "--db", path, "-q")


def train_undisturbed(path):
    dse("train", "--db", path, *TRAIN, "-q", "--workers", "2")
    return path


def states(path):
    return dict(rows(path, "SELECT state, count(*) FROM runs GROUP BY state"))


def cluster_is_empty():
    return not subprocess.run(["squeue", "-h"], capture_output=True, text=True).stdout.strip() and \
        subprocess.run(["scontrol", "ping"], capture_output=True).returncode == 0


class Running:
    """A run that somebody trains, by the token of who holds it."""

    def __init__(self, row):
        self.run, self.attempt, self.token = row
        words = self.token.split("/")
        self.worker = int(words[3])
        self.job = words[6].split(":")[3]  # its own id; a task of an array has one too


def parent(pid):
    with open(f"/proc/{pid}/stat") as file:
        return int(file.read().rsplit(")", 1)[1].split()[1])


def running(path):
    return [Running(row) for row in rows(path, "SELECT id, attempt, owner FROM runs WHERE state = 'running'")]


def stopped(path, apart_from=()):
    """A run in training whose worker is stopped, so that it is there for what comes."""
    def stop():
        if cluster_is_empty():
            raise AssertionError("no job is left, and nothing is trained")
        for one in running(path):
            if one.job in apart_from:
                continue
            try:
                os.kill(one.worker, signal.SIGSTOP)
            except ProcessLookupError:
                continue
            if any(other.token == one.token and other.run == one.run for other in running(path)):
                return one
            os.kill(one.worker, signal.SIGCONT)  # it had ended just now
        return None
    return wait_for("a run in training", stop)


def go_on(one):
    try:
        os.kill(one.worker, signal.SIGCONT)
    except ProcessLookupError:
        pass


@contextlib.contextmanager
def frozen(path, *apart_from):
    """The other workers stand still, so that something is left to train for what comes later."""
    held = [one for one in running(path) if one.worker not in [other.worker for other in apart_from]]
    for one in held:
        try:
            os.kill(one.worker, signal.SIGSTOP)
        except ProcessLookupError:
            pass
    try:
        yield
    finally:
        for one in held:
            go_on(one)


def outcome(path, one):
    return rows(path, f"SELECT outcome FROM attempts WHERE run_id = {one.run} AND attempt = {one.attempt}")[0][0]


def wait_for_outcome(path, one, words):
    wait_for(f"attempt {one.attempt} of run {one.run} to end", lambda: outcome(path, one) is not None)
    assert outcome(path, one) in words, outcome(path, one)


def has_signal_pending(pid, number):
    """Or is gone."""
    try:
        with open(f"/proc/{pid}/status") as file:
            fields = dict(line.split(":", 1) for line in file)
    except (FileNotFoundError, ProcessLookupError):
        return True
    return any(int(fields[name], 16) >> (number - 1) & 1 for name in ("SigPnd", "ShdPnd"))


def submit(path, *words):
    answer = dse("submit", "--db", path, "--time", "20", "--cpus", "1", *words, "--", *TRAIN)
    ids = [line.split(":")[0].split()[1] for line in answer.stdout.splitlines() if line.startswith("job ")]
    say(f"submitted {ids}: {answer.stderr.strip()}")
    return ids, answer


def submit_twice_at_once(cluster, path):
    """Of two submissions with shards one stays, whichever moment each chooses."""
    words = [dse_program, "submit", "--db", path, "--time", "20", "--tasks", "2", "--shared-file", "no", "--", *TRAIN]
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [one.communicate(timeout=600) for one in both]
    assert sorted(one.returncode for one in both) == [0, 1], answers
    went = answers[0 if both[0].returncode else 1]
    assert "in the same moment" in went[1] or "is queued or running" in went[1], went
    say(f"of two submissions one went: {went[1].strip().splitlines()[-1]}")
    for line in went[0].splitlines():
        number = line.split(":")[0].split()[1]
        wait_for("the jobs that went to end", lambda: not [job for job in cluster.jobs() if job.split("_")[0] == number])


def wait_for_empty_queue(cluster):
    wait_for("the jobs to end", lambda: not cluster.jobs())


def preempt(cluster, path):
    wait_for("as many runs as processors", lambda: len(running(path)) == cluster.cpus or cluster_is_empty())
    assert running(path), "the jobs ended at once"
    held = [stopped(path)]
    if cluster.cpus > 1:
        held.append(stopped(path, apart_from=[held[0].job]))
    before = {job: cluster.restarts(job) for job, state in cluster.jobs().items() if state == "RUNNING"}
    high = cluster.ask("sbatch", "--parsable", "-p", "high", "-n", "1", "-o", "/dev/null", "--wrap",
                       "sleep 1").strip()
    told = wait_for("the word that a task has to go",
                    lambda: [one for one in held if has_signal_pending(one.worker, signal.SIGTERM)])[0]
    go_on(told)
    wait_for_outcome(path, told, ("released", "done", "lost"))
    wait_for("a task to be preempted and to go back to the queue",
             lambda: any(cluster.restarts(job) > restarts for job, restarts in before.items()))
    wait_for("the preempting job to end", lambda: high not in cluster.jobs())
    for one in held:
        go_on(one)
    say("preempted")


def kill_worker(path):
    one = stopped(path)
    os.kill(one.worker, signal.SIGKILL)
    wait_for_outcome(path, one, ("lost",))
    say("killed a worker")


def kill_task(cluster, path, one):
    job = cluster.name(one.job)
    before = cluster.restarts(job)
    os.kill(parent(one.worker), signal.SIGKILL)
    go_on(one)  # it dies with its parent
    wait_for("the task to go back to the queue", lambda: cluster.restarts(job) > before)
    wait_for_outcome(path, one, ("released", "lost"))
    say("killed a dse train")


def restart_controller(cluster, path, one):
    cluster.stop("slurmctld")
    answer = dse("submit", "--db", path, "--", *TRAIN, code=1)
    assert "Slurm does not answer" in answer.stderr, answer.stderr
    cluster.start("slurmctld")
    cluster.wait_until_up()
    assert outcome(path, one) is None, "a silent controller was taken for the end of a job"
    go_on(one)
    say("restarted the controller")


def drain(cluster, path, one):
    cluster.ask("scontrol", "update", f"nodename={cluster.host}", "state=drain", "reason=test")
    answer = dse("submit", "--db", path, "--tasks", "1", "--dry-run", "--", *TRAIN)
    assert "no node of the partition 'low' is up" in answer.stderr, answer.stderr
    assert "are queued or running already" in answer.stderr, answer.stderr
    go_on(one)
    wait_for_outcome(path, one, ("done", "released", "lost"))
    cluster.ask("scontrol", "update", f"nodename={cluster.host}", "state=resume")
    say("drained and resumed the node")


def cancel(cluster, path):
    one = stopped(path)
    job = cluster.name(one.job)
    cluster.ask("scancel", job)
    go_on(one)
    wait_for("the cancelled task to leave the queue", lambda: cluster.state(job) not in ("RUNNING", "COMPLETING"))
    assert cluster.state(job) == "CANCELLED", "a cancelled task came back: " + cluster.state(job)
    say("cancelled a task")


def run_into_limit(cluster, path, one):
    job = cluster.name(one.job)
    before = cluster.restarts(job)
    # A task is told two minutes before the end of these 20: now, or in a minute.
    cluster.ask("scontrol", "update", f"jobid={one.job}", f"timelimit={-(-(cluster.run_seconds(job) + 121) // 60)}")
    wait_for("the word that the time is nearly up", lambda: has_signal_pending(one.worker, signal.SIGTERM))
    go_on(one)
    wait_for_outcome(path, one, ("released", "done", "lost"))
    wait_for("the task to go back to the queue", lambda: cluster.restarts(job) > before)
    say("ran into the limit of time")


def check_equal(path, reference):
    assert states(path) == {"done": NETWORKS}, states(path)
    sql = "SELECT o.hash, r.error, r.best_error FROM runs r JOIN models o ON o.id = r.model_id ORDER BY o.hash"
    assert rows(path, sql) == rows(reference, sql), (rows(path, sql), rows(reference, sql))
    twice = rows(path, "SELECT run_id FROM attempts WHERE outcome = 'done' GROUP BY run_id HAVING count(*) > 1")
    assert not twice, f"trained twice: {twice}"
    epochs = rows(path, "SELECT r.id, count(DISTINCT e.epoch) FROM runs r JOIN epochs e ON e.run_id = r.id GROUP BY r.id")
    assert all(count == 4 for _, count in epochs) and len(epochs) == NETWORKS, epochs
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    if "\n  verify " in dse("--help").stdout:
        shutil.rmtree(path + ".shards", ignore_errors=True)  # the file holds all of them
        dse("verify", "--db", path)


def try_shared_file(cluster, folder):
    path = os.path.join(folder, """shared "study's" $(touch bad) `touch bad` 5%A.db""")
    draw(path)
    ids, _ = submit(path, "--tasks", "6")  # more than an array of this Slurm may have
    assert len(ids) == 2, ids
    assert len(cluster.jobs()) >= 5, cluster.jobs()
    preempt(cluster, path)
    kill_worker(path)
    for disturb in (restart_controller, kill_task, drain, run_into_limit):
        one = stopped(path)
        with frozen(path, one):
            disturb(cluster, path, one)
    if states(path).get("pending", 0) + states(path).get("running", 0) > 2:
        cancel(cluster, path)
    wait_for_empty_queue(cluster)
    for _ in range(3):  # what the cancelled task would have done
        if states(path) == {"done": NETWORKS}:
            break
        submit(path)
        wait_for_empty_queue(cluster)
    answer = dse("submit", "--db", path, "--", *TRAIN)
    assert "0 missing" in answer.stderr and answer.stdout == "", answer
    assert f"{ids[0]}_0.log" in os.listdir(path + ".slurm"), os.listdir(path + ".slurm")
    assert not os.path.exists("bad") and not os.path.exists(os.path.join(folder, "bad"))
    return path


def try_shards(cluster, folder):
    """Tasks that write shards; of the first submission one is killed, one cancelled and one never begins."""
    path = os.path.join(folder, "sharded.db")
    draw(path)
    shards = [f"{path}.shards/{i}.db" for i in range(3)]
    ids, answer = submit(path, "--tasks", "3", "--shared-file", "no")
    assert "merges the shards" in answer.stdout, answer.stdout
    cluster.ask("scancel", f"{ids[0]}_2")
    wait_for("the first shard", lambda: os.path.exists(shards[0]))
    kill_task(cluster, shards[0], stopped(shards[0]))
    busy = dse("submit", "--db", path, "--shared-file", "no", "--", *TRAIN, code=1)
    assert "is queued or running" in busy.stderr, busy.stderr
    wait_for("a finished run", lambda: states(shards[0]).get("done") or cluster_is_empty())
    one = stopped(shards[0])  # its row stays, as nobody gives it back
    train = parent(one.worker)
    for process in (parent(train), train, one.worker):
        os.kill(process, signal.SIGKILL)
    wait_for_empty_queue(cluster)  # the last job merged what there is
    assert cluster.state(ids[1]) == "COMPLETED", "the shards were not merged: " + cluster.state(ids[1])
    assert outcome(shards[0], one) is None, outcome(shards[0], one)
    assert not os.path.exists(shards[2])
    merged = states(path)
    assert 1 <= merged.get("done", 0) < NETWORKS, merged
    say(f"merged: {merged}")
    submit_twice_at_once(cluster, path)
    wait_for_empty_queue(cluster)
    for _ in range(3):
        if states(path) == {"done": NETWORKS}:
            break
        submit(path, "--tasks", "2", "--shared-file", "no")
        wait_for_empty_queue(cluster)
    return path


def main():
    global dse_program
    dse_program = os.path.abspath(sys.argv[1])
    parts = sys.argv[2:] or ["shared", "shards"]
    if missing_programs():
        print("SKIPPED: slurm: not installed: " + " ".join(missing_programs()))
        return 77
    with tempfile.TemporaryDirectory(prefix="dse-slurm-") as folder, ThreadPoolExecutor(1) as pool:
        reference = os.path.join(folder, "reference.db")
        draw(reference)
        for attempt in range(3):  # a port may be taken by others just now
            try:
                cluster = Cluster(os.path.join(folder, f"slurm-{attempt}"))
                cluster.__enter__()
                break
            except (RuntimeError, TimeoutError) as failure:
                if attempt < 2 and isinstance(failure, RuntimeError):
                    continue
                if os.getuid() == 0:
                    raise
                print(f"SKIPPED: slurm: it does not start here: {failure}")
                return 77
        try:
            undisturbed = pool.submit(train_undisturbed, reference)
            disturbed = []
            if "shared" in parts:
                disturbed.append(try_shared_file(cluster, folder))
            if "shards" in parts:
                disturbed.append(try_shards(cluster, folder))
            for path in disturbed:
                check_equal(path, undisturbed.result())
        except BaseException:
            for root, _, files in os.walk(folder):
                for name in files:
                    if ".slurm" in root and name.endswith(".log"):
                        with open(os.path.join(root, name), errors="replace") as file:
                            print(f"--- {name}\n{file.read()}")
            print(cluster.logs())
            raise
        finally:
            cluster.__exit__()
    say("done")
    return 0


if __name__ == "__main__":
    sys.exit(main())
