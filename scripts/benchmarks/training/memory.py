"""Memory of a training step: what the plan says of it beside what the process takes beyond its start."""
import json
import re
import subprocess

UNITS = {"": 1, "K": 1e3, "M": 1e6, "G": 1e9}
SIZE = r"([\d.]+)([KMG]?)B"


def planned_bytes(dse, model, batch, threads):
    """From the first lines of `dse inspect - --plan`."""
    text = subprocess.run([dse, "inspect", "-", "--plan", "--plan-batch", str(batch)], input=json.dumps(model),
                          stdout=subprocess.PIPE, check=True, text=True).stdout

    sizes = re.search(fr"{SIZE} together and {SIZE} a thread", text).groups()
    shared, thread = (float(number) * UNITS[unit] for number, unit in (sizes[:2], sizes[2:]))
    return shared + threads * thread


def row(dse, rates, threads):
    work = rates.work
    plan = planned_bytes(dse, work.models[0], work.batch, threads)
    native, torch = rates.bytes["native"], rates.bytes["torch"]
    return (f"memory {work.name:16s} {threads:4d}  plan {plan / 1e6:6.0f} MB, native takes {native / 1e6:6.0f} MB "
            f"({native / plan - 1:+.1%}), LibTorch's engine {torch / 1e6:6.0f} MB; batch {work.batch}")
