"""A Slurm of one node that lives as long as its object: real slurmctld and slurmd, ports and folder of its own."""

import getpass
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time

CONFIG = """ClusterName=dsetest
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/none
AuthInfo=cred_expire=5
CredType=cred/none
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=10000
SlurmctldParameters=preempt_send_user_signal
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
ReturnToService=2
JobRequeue=1
KillWait=5
MaxArraySize=4
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=low Nodes=ALL Default=YES PriorityTier=1 PreemptMode=REQUEUE GraceTime=20 MaxTime=60 State=UP
PartitionName=high Nodes=ALL PriorityTier=10 PreemptMode=OFF MaxTime=INFINITE State=UP
"""
DAEMONS = ("slurmctld", "slurmd")
LIMIT = 600  # seconds, which only end a wait for what never comes


def find(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def missing_programs():
    return [name for name in DAEMONS + ("sbatch", "squeue", "scontrol", "sinfo") if not find(name)]


def wait_for(what, condition, limit=LIMIT):
    """The first true answer of `condition`."""
    end = time.monotonic() + limit
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise TimeoutError(f"waited {limit} s for: {what}")
        time.sleep(0.1)


def free_ports(count):
    """Ports that nobody has now, below those that systems give to connections."""
    ports = set()
    while len(ports) < count:
        with socket.socket() as one:
            port = random.randrange(10000, 30000)
            try:
                one.bind(("0.0.0.0", port))
                ports.add(port)
            except OSError:
                pass
    return list(ports)


class Cluster:
    def __init__(self, folder):
        self.folder = folder
        self.host = socket.gethostname().split(".")[0]
        self.cpus = min(2, os.cpu_count())
        self.processes = {}
        for name in ("state", "spool"):
            os.makedirs(os.path.join(folder, name))
        self.config = os.path.join(folder, "slurm.conf")
        with open(self.config, "w") as file:
            file.write(CONFIG.format(host=self.host, user=getpass.getuser(), folder=folder, cpus=self.cpus,
                                     ports=free_ports(2)))
        os.environ["SLURM_CONF"] = self.config
        for name in [name for name in os.environ if name.startswith(("SBATCH_", "SQUEUE_", "SLURM_JOB"))]:
            del os.environ[name]

    def __enter__(self):
        try:
            self.start("slurmctld")
            self.start("slurmd")
            self.wait_until_up()
        except BaseException:
            for name in reversed(list(self.processes)):
                self.stop(name)
            raise
        return self

    def __exit__(self, *_):
        if self.processes["slurmctld"].poll() is None:
            subprocess.run(["scancel", "-u", getpass.getuser()], timeout=60, capture_output=True)
            try:
                wait_for("jobs to end", lambda: not self.jobs(), 30)
            except (TimeoutError, RuntimeError):
                pass  # the daemons end anyway
        for name in reversed(DAEMONS):
            self.stop(name)

    def start(self, name):
        words = [find(name), "-D"] + (["-N", self.host] if name == "slurmd" else [])
        log = open(os.path.join(self.folder, name + ".out"), "ab")
        self.processes[name] = subprocess.Popen(words, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def stop(self, name):
        process = self.processes[name]
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def wait_until_up(self):
        def idle():
            for name, process in self.processes.items():
                if process.poll() is not None:
                    raise RuntimeError(f"{name} ended:\n{self.logs()}")
            answer = subprocess.run(["sinfo", "-h", "-p", "low", "-o", "%T"], capture_output=True, text=True)
            return answer.stdout.strip() in ("idle", "mixed", "allocated")
        wait_for("the node to be up", idle, 180)

    def logs(self):
        text = ""
        for name in DAEMONS:
            for ending in (".log", ".out"):
                try:
                    with open(os.path.join(self.folder, name + ending)) as file:
                        text += f"--- {name}{ending}\n" + "".join(file.readlines()[-15:])
                except FileNotFoundError:
                    pass
        return text

    def ask(self, *words):
        """A command's output; an error is one of the test."""
        answer = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT)
        if answer.returncode != 0:
            raise RuntimeError(f"{words}: {answer.stderr}")
        return answer.stdout

    def jobs(self):
        """Jobs that wait or run: {name: state}."""
        lines = self.ask("squeue", "-h", "-r", "-o", "%i %T").split("\n")
        return dict(line.split() for line in lines if line)

    def name(self, job):
        """"17_3" of a job by its own id, which for one task of an array is also that of the array."""
        lines = self.ask("squeue", "-h", "-r", "--states=all", "-o", "%A %i").split("\n")
        return dict(line.split() for line in lines if line)[job]

    def state(self, job):
        text = self.ask("scontrol", "show", "job", job)
        return next(word.split("=")[1] for word in text.split() if word.startswith("JobState="))

    def run_seconds(self, job):
        text = self.ask("scontrol", "show", "job", job)
        hours, minutes, seconds = next(word.split("=")[1] for word in text.split()
                                       if word.startswith("RunTime=")).split(":")
        return 3600 * int(hours) + 60 * int(minutes) + int(seconds)

    def restarts(self, job):
        text = self.ask("scontrol", "show", "job", job)
        return max(int(word.split("=")[1]) for word in text.split() if word.startswith("Restarts="))


if __name__ == "__main__":
    sys.exit("this is a part of slurm_test.py")
