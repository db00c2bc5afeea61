"""Rates of training steps: variants in alternation within each round, medians over the rounds."""
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

OURS = ("native", "torch")  # engines of dse; the other variants are PyTorch's


class PyTorchPeer:
    """A process of pytorch_steps.py, which keeps what it compiled for the next round, and no longer."""

    def __init__(self, threads):
        self.cache = tempfile.TemporaryDirectory(prefix="dse-bench-")
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("pytorch_steps.py"), str(threads)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
            env=os.environ | {"OMP_NUM_THREADS": str(threads), "TORCHINDUCTOR_CACHE_DIR": self.cache.name})
        self.read()  # once it has started: nobody is measured beside that

    def ask(self, request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self.read()

    def read(self):
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"bench: {self.process.args[1]} ended with {self.process.wait()}")
        return json.loads(answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.cache.cleanup()


class Rates:
    """Of one piece of work with one number of threads."""

    def __init__(self, work):
        self.work = work
        self.samples = defaultdict(lambda: [[] for _ in work.models])  # by variant, of each network
        self.bytes = defaultdict(int)  # by engine of dse, of the first network
        self.first_step_s = None  # of torch.compile
        self.waited = []  # shares of the time in which other programs had the cores
        self.failures = {}  # by variant, why it has no rate

    def add(self, variant, index, answer):
        if "error" in answer:
            self.failures[variant] = answer["error"]
            return
        self.samples[variant][index].append(answer["img_per_s"])
        self.waited.append(answer["waited"])
        if index == 0:
            self.bytes[variant] = max(self.bytes[variant], answer.get("bytes", 0))
        if self.first_step_s is None:
            self.first_step_s = answer.get("first_step_s")

    def each(self, variant):
        """Images a second of each network; None where the variant has none."""
        samples = self.samples.get(variant)
        return [statistics.median(rates) for rates in samples] if samples else None

    def whole(self, variant):
        """Images a second of one pass over equally many images with each network."""
        rates = self.each(variant)
        return len(rates) / sum(1 / rate for rate in rates) if rates else None


class Measurement:
    """Knows the programs, and writes down every sample."""

    def __init__(self, step_program, folder, rounds):
        self.step_program = step_program
        self.folder = Path(folder)
        self.rounds = rounds
        self.log = open(self.folder / "bench-train.jsonl", "w", encoding="utf-8")

    def peak(self, threads):
        return self.ask_program("peak", threads)

    def dse_steps(self, engine, model, batch, steps, threads):
        file = self.folder / "bench-model.json"
        file.write_text(json.dumps(model))
        return self.ask_program("step", file, batch, threads, steps, engine)

    def ask_program(self, *words):
        done = subprocess.run([self.step_program, *map(str, words)], stdout=subprocess.PIPE, check=True, text=True)
        return json.loads(done.stdout)

    def rates(self, work, threads, peer):
        rates = Rates(work)
        for turn in range(self.rounds):
            for index, model in enumerate(work.models):
                for variant in work.variants:
                    if variant in rates.failures:
                        continue
                    answer = self.steps(work, variant, model, threads, peer)
                    rates.add(variant, index, answer)
                    self.write({"network": work.name, "index": index, "round": turn, "threads": threads,
                                "variant": variant} | answer)
        return rates

    def steps(self, work, variant, model, threads, peer):
        if variant in OURS:
            return self.dse_steps(variant, model, work.batch, work.steps, threads)
        return peer.ask({"model": model, "batch": work.batch, "warm_up": 1, "steps": work.steps, "variant": variant})

    def write(self, row):
        self.log.write(json.dumps(row) + "\n")
        self.log.flush()
