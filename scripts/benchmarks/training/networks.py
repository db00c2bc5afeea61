"""What is trained, and by how much dse is to be faster than PyTorch there."""
import json
import subprocess
from dataclasses import dataclass, field

CIFAR_NET = {
    "block": "X", "stem": "cifar", "resolution": 32, "classes": 10, "strides": [1, 2, 2], "depths": [2, 2, 2],
    "widths": [16, 32, 64], "bottleneck": 1, "group_widths": 8}

POPULATION_SIZE = 12
POPULATION_BAND = "8M:16M"
POPULATION_SEED = "1"
POPULATION_SHAPE = ["--resolution", "32", "--classes", "10", "--stem", "cifar", "--stages", "3"]


@dataclass
class Target:
    """How many times as fast as a variant of PyTorch; `each`: as every single network of a population."""
    channels_last: float
    nchw: float | None = None
    compile: float | None = None
    each: float | None = None


@dataclass
class Work:
    """Networks that are measured as one: a named one, or a population."""
    name: str
    target: Target
    batch: int
    steps: int  # timed in a round, of each network
    models: list = field(default_factory=list)  # resolved model JSON
    flops: list = field(default_factory=list)  # multiply-adds an image, of each
    compiles: bool = False

    @property
    def variants(self):
        eager = ["native", "torch", "nchw", "channels_last"]
        return eager + ["compile"] if self.compiles else eager


def named(name, batch, steps, target):
    return Work(name, target, batch, steps, compiles=target.compile is not None)


NAMED = [
    named("cifar-net", 128, 8, Target(2.6, 3.6, 2.4)),
    named("regnetx-200mf", 32, 3, Target(2.6, 4, 2)),
    named("regnety-400mf", 16, 3, Target(2.2)),
    named("efficientnet-b0", 16, 3, Target(2.4)),
]

POPULATIONS = [
    Work("AnyNetXA", Target(2.4, each=1.3), 128, 2),
    Work("RegNetX", Target(2.4, each=1.3), 128, 2),
    Work("RegNetY", Target(2.4, each=1.3), 128, 2),
    Work("AnyNetRE", Target(2.2), 128, 2),
    Work("AnyNetVE", Target(2.2), 128, 2),
    Work("AnyNetVRE", Target(2.2), 128, 2),
]


def run(*words, given=None):
    return subprocess.run(words, input=given, stdout=subprocess.PIPE, check=True, text=True).stdout


def resolve(dse, work):
    """Fills in the networks, by `dse inspect` and `dse sample`."""
    if work in POPULATIONS:
        drawn = run(dse, "sample", "--space", work.name, "-n", str(POPULATION_SIZE), "--seed", POPULATION_SEED,
                    "--flops", POPULATION_BAND, *POPULATION_SHAPE, "--quiet")
        lines = [json.loads(line) for line in drawn.splitlines()]
    elif work.name == "cifar-net":
        lines = [json.loads(run(dse, "inspect", "-", "--json", given=json.dumps(CIFAR_NET)))]
    else:
        lines = [json.loads(run(dse, "inspect", work.name, "--json"))]
    work.models = [line["model"] for line in lines]
    work.flops = [line["flops"] for line in lines]
    return work
