#!/usr/bin/env python3
"""The table by which training speed is judged: dse's engines beside plain PyTorch, and the project's targets.

    train_speed.py DSE DSE_TRAIN_BENCH FOLDER

scripts/bench train calls it, and says which environment variables choose networks, threads and rounds. FOLDER
gets bench-train.jsonl, with every sample of every round.
"""
import os
import sys

import end_to_end
import memory
import rows
from networks import NAMED, POPULATIONS, resolve
from rates import Measurement, PyTorchPeer

END_TO_END = "end-to-end"


def words_of(variable, default):
    return os.environ.get(variable, "").split() or default


def chosen():
    works = NAMED + POPULATIONS
    known = [work.name for work in works] + [END_TO_END]
    names = words_of("DSE_BENCH_NETWORKS", known)
    for name in names:
        if name not in known:
            sys.exit(f"bench: DSE_BENCH_NETWORKS: '{name}' is none of {', '.join(known)}")
    return [work for work in works if work.name in names], END_TO_END in names


def say(line):
    print(line, flush=True)


def step_table(dse, measurement, works, thread_counts):
    memory_rows = []
    for threads in thread_counts:
        peak = measurement.peak(threads)
        say(f"\n{threads} thread{'s' * (threads > 1)}: at best {peak['gflops']:.0f} GFLOP/s of multiply-adds, "
            f"copies of {peak['gb_per_s']:.1f} GB/s read and written")
        say(rows.head())
        peer = PyTorchPeer(threads)
        for work in works:
            rates = measurement.rates(work, threads, peer)
            for line in [rows.row(rates, threads, peak), *rows.notes(rates)]:
                say(line)
            if work in NAMED:
                memory_rows.append(memory.row(dse, rates, threads))
        peer.close()
    say("")
    for line in memory_rows:
        say(line)


def main():
    dse, step_program, folder = sys.argv[1:]
    works, whole_trainings = chosen()
    rounds = int(os.environ.get("DSE_BENCH_ROUNDS", 3))
    measurement = Measurement(step_program, folder, rounds)
    say("train: images a second in training steps on a batch in memory; "
        + (f"medians of {rounds} rounds in alternation" if rounds > 1 else "one round"))
    if works:
        step_table(dse, measurement, [resolve(dse, work) for work in works],
                   [int(word) for word in words_of("DSE_BENCH_THREADS", ["1", "2"])])
    if not whole_trainings:
        return
    images = os.environ.get("DSE_CIFAR10_DIR")
    if not images:
        say("train  end to end: left out, DSE_CIFAR10_DIR is not set")
        return
    for line in end_to_end.table(measurement, dse, images):
        say(line)


if __name__ == "__main__":
    main()
