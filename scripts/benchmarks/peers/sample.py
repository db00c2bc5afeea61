"""AnyNetXA candidates a second of a vectorised numpy sampler: the law of `dse sample`, written as a
numpy user would: whole arrays of draws, group compatibility, multiply-adds, the band 360-400 MF at
224 px. One thread, as numpy's elementwise functions have. Prints one JSON line."""

import json
import time

import numpy as np

LOW, HIGH = 360_000_000, 400_000_000


def log_uniform(rng, low, high, step, shape):
    bottom = np.log(low - min(step, low / 2))
    drawn = np.exp(bottom + rng.random(shape) * (np.log(high) - bottom))
    return (np.ceil(drawn / step) * step).astype(np.int64)


def draw(rng, n):
    """Depths, widths, inner widths, group widths, each (n, 4)."""
    d = log_uniform(rng, 1, 16, 1, (n, 4))
    w = log_uniform(rng, 8, 1024, 8, (n, 4))
    b = 1 << rng.integers(0, 3, (n, 4))
    g = 1 << rng.integers(0, 6, (n, 4))
    inner = np.maximum(1, w // b)
    g = np.minimum(g, inner)
    inner = np.maximum(g, (np.rint(inner / g) * g).astype(np.int64))
    return d, inner * b, inner, g


def count_flops(d, w, inner, g):
    """Multiply-adds of the networks: simple stem, four stages of stride 2, 1000 classes."""
    flops = np.full(len(d), 9 * 3 * 32 * 112 * 112, np.int64)
    width = np.full(len(d), 32, np.int64)
    size = 112
    for i in range(4):
        out = size // 2
        last = 9 * g[:, i] * inner[:, i] + inner[:, i] * w[:, i]
        flops += size * size * width * inner[:, i] + out * out * (last + width * w[:, i])
        flops += (d[:, i] - 1) * out * out * (w[:, i] * inner[:, i] + last)
        width, size = w[:, i], out
    return flops + (width + 1) * 1000


def main():
    rng = np.random.default_rng(0)
    n = 200_000
    rates, kept = [], 0
    for _ in range(5):
        start = time.perf_counter()
        flops = count_flops(*draw(rng, n))
        kept += int(((flops >= LOW) & (flops <= HIGH)).sum())
        rates.append(n / (time.perf_counter() - start))
    print(json.dumps({"candidates_per_s": sorted(rates)[2], "accepted": kept / (5 * n)}))


if __name__ == "__main__":
    main()
