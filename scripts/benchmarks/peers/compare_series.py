"""The analysis of dse as a lab would write it in numpy and SciPy. Prints a line of JSON of seconds.

best_value_loop: the paper's empirical bootstrap of the best value, 500 models, 10,000 draws one after another;
best_value_array: the same with all draws in one array; ks_exact: SciPy's exact two-sample test, 500 and 500.
"""
import json
import statistics
import time

import numpy as np
import scipy.stats

N, DRAWS = 500, 10_000


def seconds(work, times):
    measured = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        measured.append(time.perf_counter() - start)
    return statistics.median(measured)


def main():
    rng = np.random.default_rng(1)
    values, errors = rng.integers(1, 41, N), rng.uniform(30, 60, N)
    m = N // 4

    def loop():
        best = np.empty(DRAWS)
        for draw in range(DRAWS):
            chosen = rng.choice(N, m)
            best[draw] = values[chosen[errors[chosen].argmin()]]
        return np.quantile(best, [0.025, 0.5, 0.975])

    def array():
        chosen = rng.integers(0, N, (DRAWS, m))
        best = values[chosen[np.arange(DRAWS), errors[chosen].argmin(axis=1)]]
        return np.quantile(best, [0.025, 0.5, 0.975])

    a = np.arange(N, dtype=float)
    b = a + 43.5
    print(json.dumps({"best_value_loop": seconds(loop, 5), "best_value_array": seconds(array, 5),
                      "ks_exact": seconds(lambda: scipy.stats.ks_2samp(a, b, method="exact"), 5)}))


if __name__ == "__main__":
    main()
