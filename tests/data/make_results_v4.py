#!/usr/bin/env python3
"""Makes results-v4.db: a study of schema 4, whose runs and attempts name the engine that trained them.

    make_results_v4.py DSE OUT      DSE is a program of that time, with its training module

Population p of three networks on `synthetic`: one is trained with each of two recipes, and its
weights of the first are tested; a retry of it is cancelled, so that it has its result again; the
others wait. A run of population q failed (written by hand, with another engine). The
networks of p are timed.
"""
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

NETWORK = (
    '{"name":"n%d","type":"anynet","block":"X","stem":"cifar","resolution":32,"classes":10,'
    '"depths":[1,1],"widths":[%d,16],"group_widths":8}\n'
)
FAILED = """
DELETE FROM epochs WHERE run_id = (SELECT max(id) FROM runs);
DELETE FROM attempts WHERE run_id = (SELECT max(id) FROM runs);
UPDATE runs SET state = 'failed', attempt = 1, failures = 1, error = NULL, best_error = NULL,
  micro_batch = NULL, img_per_s = NULL, message = 'device lost', host = 'there',
  device = 'cuda:0', dse_version = '0.1', engine = 'LibTorch 2.10.0', precision = 'bf16', seconds = 2,
  started_at = 1000, finished_at = 1002 WHERE id = (SELECT max(id) FROM runs);
INSERT INTO attempts(run_id, attempt, owner, host, device, started_at, ended_at, outcome, message,
  seconds, dse_version, engine, precision)
  SELECT id, 1, 'there/1/2/3/4/5', host, device, 1000, 1002, 'failed', message, seconds, dse_version,
  engine, precision FROM runs WHERE state = 'failed';
"""


def main():
    dse, out = (pathlib.Path(word).resolve() for word in sys.argv[1:])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)

        def run(*words):
            subprocess.run([dse, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)

        def add(population, widths):
            (folder / "n.jsonl").write_text("".join(NETWORK % (w // 8, w) for w in widths))
            run("add", "--db", "v4.db", "--population", population, "n.jsonl", "-q")

        small = ("epochs=1", "batch_size=32", "train_images=64", "test_images=32")
        train = ("train", "--db", "v4.db", "--data", "synthetic", "--device", "cpu", "--recipe", "smoke")
        add("p", (8, 16, 24))
        run(*train, "--set", *small, "--limit", "1", "-q", "--keep-weights")
        run("eval", "--db", "v4.db", "--data", "synthetic", "--device", "cpu", "-q")
        run("runs", "retry", "--db", "v4.db", "--run", "1")
        run("runs", "cancel", "--db", "v4.db", "--run", "1")
        run(*train, "--set", *small, "lr=1000", "--limit", "1", "-q")
        run("bench", "--db", "v4.db", "--population", "p", "--device", "cpu", "--threads", "1",
            "--samples", "1", "--infer-batch", "2", "--train-batch", "2", "-q")
        add("q", (32,))
        run(*train, "--set", *small, "--population", "q", "--limit", "1", "-q")
        with sqlite3.connect(folder / "v4.db") as database:
            database.executescript(FAILED)
        database.execute("VACUUM")
        database.close()
        out.write_bytes((folder / "v4.db").read_bytes())


if __name__ == "__main__":
    main()
