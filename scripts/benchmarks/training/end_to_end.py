"""Whole trainings on CIFAR-10 as a folder, and where their time goes.

A run's row in the database has its seconds and its rate of training images (steps and the wait for their batches).
The rest of its seconds are precise batch norm and tests; a second training without the former tells them apart. What
steps take is what they take on a batch in memory, measured just before; the wait for batches is what is beyond it,
with what the reader's threads take from those of the steps.
"""
import json
import sqlite3
import statistics
import subprocess
import time

from networks import CIFAR_NET

EPOCHS, IMAGES, BATCH, THREADS = 2, 12_800, 128, 2
HEAD = ("train  end to end        steps in memory  in training   whole run   "
        "opening  steps  input  precise BN  tests  (seconds)")


def train(measurement, dse, images, engine, precise):
    """Of one training: wall and the run's seconds, the rate of its training part."""
    db = measurement.folder / "bench-end-to-end.db"
    for old in db.parent.glob(db.name + "*"):
        if old.is_file():
            old.unlink()
    subprocess.run([dse, "add", "-", "--db", db, "--population", "x", "-q"], input=json.dumps(CIFAR_NET), text=True,
                   check=True, stdout=subprocess.DEVNULL)
    settings = [f"epochs={EPOCHS}", f"train_images={IMAGES}"] + ([] if precise else ["precise_bn_images=0"])
    start = time.perf_counter()
    subprocess.run([dse, "train", "--db", db, "--data", f"folder:{images}", "--recipe", "cifar", "--engine", engine,
                    "--device", "cpu", "--threads", str(THREADS), "--quiet", "--set", *settings], check=True,
                   stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - start
    with sqlite3.connect(db) as connection:
        seconds, rate = connection.execute("SELECT seconds, img_per_s FROM runs WHERE state = 'done'").fetchone()
    return {"wall": wall, "seconds": seconds, "training": EPOCHS * IMAGES / rate}


def split(steps_rate, full, plain):
    """Seconds of each part: `full` and `plain` are trainings with precise batch norm and without."""
    steps = EPOCHS * IMAGES / steps_rate
    tests = plain["seconds"] - plain["training"]
    return {"opening": full["wall"] - full["seconds"], "steps": steps, "input": full["training"] - steps,
            "precise BN": full["seconds"] - full["training"] - tests, "tests": tests}


def measure(measurement, dse, images, engine):
    """One round."""
    rate = measurement.dse_steps(engine, CIFAR_NET, BATCH, 20, THREADS)["img_per_s"]
    full, plain = (train(measurement, dse, images, engine, precise) for precise in (True, False))
    parts = split(rate, full, plain)
    measurement.write({"end_to_end": engine, "img_per_s": rate, "full": full, "plain": plain, "parts": parts})
    return {"steps": rate, "training": EPOCHS * IMAGES / full["training"],
            "whole": EPOCHS * IMAGES / full["seconds"]}, parts


def table(measurement, dse, images):
    """Lines, as they come."""
    yield (f"CIFAR net on CIFAR-10 as folder, {EPOCHS} epochs of {IMAGES:,} images with 10,000 tested after each, "
           f"batch {BATCH}, {THREADS} threads")
    yield HEAD
    rounds = {"native": [], "torch": []}
    for _ in range(measurement.rounds):
        for engine, measured in rounds.items():
            measured.append(measure(measurement, dse, images, engine))
    for engine, measured in rounds.items():
        rates, parts = ({key: statistics.median(one[which][key] for one in measured) for key in measured[0][which]}
                        for which in (0, 1))
        yield (f"       {engine:16s}  {rates['steps']:9.0f} img/s  {rates['training']:5.0f} img/s  "
               f"{rates['whole']:4.0f} img/s  {parts['opening']:8.1f} {parts['steps']:6.1f} {parts['input']:6.1f} "
               f"{parts['precise BN']:11.1f} {parts['tests']:6.1f}")
