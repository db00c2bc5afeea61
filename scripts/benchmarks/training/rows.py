"""The table of rates, a line for each network or population and number of threads."""
import statistics

BUSY = 0.05  # share of the time in which other programs have the cores, beyond which rates mean nothing

HEAD = ("network", "thr.", "native", "of peak", "LibTorch", "channels_last", "NCHW", "compile")
LINE = "train  {:16s} {:>4s}  {:>7s} {:>7s}  {:>8s}  {:>27s}  {:>27s}  {:>27s}"


def head():
    return LINE.format(*HEAD) + "\n" + LINE.format(
        "", "", "img/s", "", "img/s", *["img/s: native is, target"] * 3)


def verdict(ratio, target):
    """"2.75x >= 2.6 yes", or without a target the ratio alone."""
    if target is None:
        return f"{ratio:5.2f}x" + " " * 11
    return f"{ratio:5.2f}x >= {target:3.1f} " + ("yes" if ratio >= target else "NO ")


def beside(rates, variant, target):
    rate = rates.whole(variant)
    if rate is None:
        return "-"
    return f"{rate:.0f}: " + verdict(rates.whole("native") / rate, target)


def row(rates, threads, peak):
    work, native = rates.work, rates.whole("native")
    flops = 2 * 3 * sum(work.flops) / len(work.flops) * native  # forward, by weights, by data
    return LINE.format(
        work.name, str(threads), f"{native:.0f}", f"{flops / 1e9 / peak['gflops']:.0%}",
        f"{rates.whole('torch'):.0f}", *[beside(rates, variant, getattr(work.target, variant))
                                         for variant in ("channels_last", "nchw", "compile")])


def notes(rates):
    """What stands below a row."""
    lines = []
    if len(rates.work.models) > 1:
        ratios = [ours / theirs for ours, theirs in zip(rates.each("native"), rates.each("channels_last"))]
        ours, theirs = (1000 * len(ratios) / rates.whole(variant) for variant in ("native", "channels_last"))
        lines.append(f"{len(ratios)} networks, 1,000 images of each: {ours:.1f} s, channels_last {theirs:.1f} s; "
                     f"the lowest ratio of one {verdict(min(ratios), rates.work.target.each).strip()}")
    if rates.first_step_s is not None:
        lines.append(f"torch.compile: the first step, which compiles, took {rates.first_step_s:.0f} s")
    for variant, why in rates.failures.items():
        lines.append(f"torch.{variant} left out: {why[:100]}")
    waited = statistics.median(rates.waited)
    if waited > BUSY:
        lines.append(f"a busy machine: for {waited:.0%} of the time others had the cores, so these are no results")
    return [" " * 7 + line for line in lines]
