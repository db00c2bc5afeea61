#!/usr/bin/env python3
"""Trains a small study on a disk that is too small, then read-only, then as it should be.

    small_disk_test.py PROGRAM

The disk is a tmpfs in a mount namespace of the test's own. Skipped (77) where none may be mounted.
"""
import contextlib
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
TRAIN = ("train", "--data", "synthetic", "--device", "cpu", "--recipe", "smoke", "--threads", "1", "--keep-weights",
         "-q", "--set", "epochs=3", "batch_size=32", "train_images=96", "test_images=50", "precise_bn_images=32")


def results(path):
    with contextlib.closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT r.key, r.state, r.error, e.epoch, e.test_error, e.train_loss FROM runs r"
                                " LEFT JOIN epochs e ON e.run_id = r.id AND e.attempt = r.attempt"
                                " ORDER BY r.key, e.epoch").fetchall()


def check(condition, what):
    if not condition:
        raise AssertionError(what)


class Disk:
    def __init__(self, program, folder):
        self.program, self.folder, self.study = program, folder, folder / "study.db"

    def remount(self, options):
        subprocess.run(["mount", "-o", "remount," + options, self.folder], check=True)

    def used(self):
        """KiB."""
        disk = os.statvfs(self.folder)
        return (disk.f_blocks - disk.f_bfree) * disk.f_frsize // 1024

    def shrink(self):
        """Leaves no byte free."""
        while subprocess.run(["mount", "-o", f"remount,size={self.used()}k", self.folder], check=False,
                             stderr=subprocess.DEVNULL).returncode != 0:
            pass  # more was used meanwhile

    def dse(self, command, *words, db=None):
        done = subprocess.run([self.program, command, "--db", db or self.study, *words], text=True,
                              capture_output=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def sound(self, claims=False):
        """Nothing is found; but for claims of ended processes, which a full disk kept from being given back."""
        code, out, err = self.dse("verify", "--deep")
        findings = [line for line in out.splitlines()[:-1] if not (claims and "by a process of" in line)]
        check(not findings and not err and (code == 0 or claims), f"verify: {out}{err}")


def count(path, table):
    with contextlib.closing(sqlite3.connect(path, timeout=600)) as database:
        return database.execute("SELECT count(*) FROM " + table).fetchone()[0]


def fill_while_training(disk, epochs):
    """Takes the free space away once so many epochs were stored. Whether that ended the training."""
    disk.remount("size=64m")
    with subprocess.Popen([disk.program, TRAIN[0], "--db", disk.study, *TRAIN[1:]], text=True,
                          stderr=subprocess.PIPE) as training:
        while training.poll() is None and (count(disk.study, "epochs") < epochs or
                                           count(disk.study, "runs WHERE state = 'running'") == 0):
            time.sleep(0.01)
        disk.shrink()
        err = training.stderr.read()
    print(f"full after {epochs} epochs: exit {training.returncode} {err.strip()}")
    check(training.returncode == 0 or "free some space" in err, f"no word of the disk: {err}")
    disk.sound(claims=True)
    return training.returncode != 0


def test(program, folder, elsewhere):
    disk = Disk(program, folder)
    calm = elsewhere / "calm.db"
    disk.dse("sample", "--space", "RegNetX", "-n", "2", "--seed", "1", "--flops", "1M:4M", "--resolution", "32",
             "--classes", "10", "--stem", "cifar", "--stages", "3", "-q", db=calm)
    shutil.copy(calm, disk.study)
    check(disk.dse(*TRAIN, db=calm)[0] == 0, "the undisturbed training failed")
    # Too small for what a training writes at least, which is said before anything is trained.
    disk.remount(f"size={disk.used() + 64}k")
    code, _, err = disk.dse(*TRAIN)
    print(f"too small: exit {code} {err.strip()}")
    check(code == 1 and "free some space" in err, f"no word of the disk: {err}")
    disk.sound()
    # Full from some moment on, each time a little later.
    refused = sum(fill_while_training(disk, epochs) for epochs in range(5))
    check(refused >= 2, "the disk was never full")
    disk.remount("size=64m,ro")
    code, _, err = disk.dse(*TRAIN)
    print(f"read-only: exit {code} {err.strip()}")
    check(code == 1 and ("read-only" in err.lower()), f"no word of the read-only disk: {err}")
    check(disk.dse("status")[0] == 0, "a read-only study cannot be looked at")
    disk.sound(claims=True)
    disk.remount("rw")
    code, _, err = disk.dse(*TRAIN)
    check(code == 0, f"the training does not go on: {err}")
    disk.sound()
    check(results(disk.study) == results(calm), "the results are not those of an undisturbed training")
    weights = sorted((folder / "study.db.d/weights").iterdir())
    check([w.name for w in weights] == [w.name for w in sorted((elsewhere / "calm.db.d/weights").iterdir())],
          f"the weights are {weights}")


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    if len(sys.argv) == 2:  # once more, where mounts are this test's own
        own = ["unshare", "--mount"] if os.getuid() == 0 else ["unshare", "--mount", "--map-root-user"]
        if subprocess.run([*own, "sh", "-c", "d=$(mktemp -d) && mount -t tmpfs none $d && umount $d; s=$?; rmdir $d; exit $s"],
                          capture_output=True, check=False).returncode != 0:
            print("SKIPPED: small_disk: no tmpfs may be mounted here")
            return SKIPPED
        return subprocess.run([*own, sys.executable, __file__, program, "inside"], check=False).returncode
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as elsewhere:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", folder], check=True)
        try:
            test(program, pathlib.Path(folder), pathlib.Path(elsewhere))
        finally:
            subprocess.run(["umount", "-l", folder], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
