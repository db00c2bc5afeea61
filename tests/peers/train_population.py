"""Trains the networks of dse's databases again in plain PyTorch and compares the errors.

    train_population.py IMAGES RESULTS NAME=DATABASE ... [--epochs E] [--repeats N] [--workers W]

The databases hold the same networks, each trained with the same number of seeds in one way that NAME tells.

The recipe is that of dse's `cifar` (SGD with Nesterov's momentum 0.9, lr 0.125 for 128 images by half a
cosine, the first epoch at a tenth of it, weight decay 5e-4; padding by 4, crop, flip; running statistics of
8192 training images before each test), written here with PyTorch's own parts. RESULTS keeps the errors, a
line of JSON for each run, so that the script can be stopped and started again.
"""
import argparse
import concurrent.futures
import itertools
import json
import math
import sqlite3
import statistics
from pathlib import Path

import torch
import torchvision
from torch import nn

from anynet import AnyNet

BATCH = 128
LR, MOMENTUM, WEIGHT_DECAY = 0.125, 0.9, 5e-4
WARMUP_EPOCHS, WARMUP_FACTOR = 1, 0.1
STATISTICS_IMAGES = 8192
CONFIDENCE = 0.99


def load(folder):
    """Images (n x 3 x 32 x 32, 0..1) and labels."""
    files = torchvision.datasets.ImageFolder(folder, torchvision.transforms.ToTensor())
    images, labels = zip(*files)
    return torch.stack(images), torch.tensor(labels)


def initialise(network):
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            fan_out = module.kernel_size[0] * module.kernel_size[1] * module.out_channels
            nn.init.normal_(module.weight, 0, math.sqrt(2 / fan_out))
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, 0, 0.01)
            nn.init.zeros_(module.bias)


def augment(images):
    """Each image shifted by up to 4 pixels, black (the mean) beyond its border, and flipped by a coin."""
    n, _, height, width = images.shape
    padded = nn.functional.pad(images, (4, 4, 4, 4))
    out = torch.empty_like(images)
    for i, (dy, dx, flip) in enumerate(zip(*torch.randint(9, (2, n)).tolist(), torch.rand(n).tolist())):
        crop = padded[i, :, dy:dy + height, dx:dx + width]
        out[i] = crop.flip(-1) if flip < 0.5 else crop
    return out


def learning_rate(epoch, epochs):
    lr = LR * (1 + math.cos(math.pi * epoch / epochs)) / 2
    if epoch < WARMUP_EPOCHS:
        done = epoch / WARMUP_EPOCHS
        lr *= WARMUP_FACTOR * (1 - done) + done
    return lr


def compute_statistics(network, images):
    """Running means and variances that are the means of those of augmented training batches."""
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over batches
    order = torch.randperm(len(images))[:STATISTICS_IMAGES]
    with torch.no_grad():
        for rows in order.split(BATCH):
            network(augment(images[rows]))
    for norm in norms:
        norm.momentum = 0.1


def train(model, data, epochs, seed):
    """Error in % of the last epoch."""
    (images, labels), (test_images, test_labels) = data
    torch.manual_seed(seed)
    network = AnyNet(model)
    initialise(network)
    optimizer = torch.optim.SGD(network.parameters(), LR, MOMENTUM, weight_decay=WEIGHT_DECAY, nesterov=True)
    for epoch in range(epochs):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(epoch, epochs)
        network.train()
        for rows in torch.randperm(len(images)).split(BATCH):
            if len(rows) < BATCH:
                continue
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(network(augment(images[rows])), labels[rows])
            loss.backward()
            optimizer.step()
    compute_statistics(network, images)
    network.eval()
    with torch.no_grad():
        wrong = sum((network(x).argmax(1) != y).sum().item()
                    for x, y in zip(test_images.split(500), test_labels.split(500)))
    return 100 * wrong / len(test_images)


def prepare(images):
    """In each process: one thread, images normalised by the training images' mean and deviation."""
    global data
    torch.set_num_threads(1)
    (train_images, train_labels), (test_images, test_labels) = load(f"{images}/train"), load(f"{images}/test")
    mean = train_images.mean((0, 2, 3), keepdim=True)
    deviation = train_images.std((0, 2, 3), keepdim=True, correction=0)
    data = (((train_images - mean) / deviation, train_labels), ((test_images - mean) / deviation, test_labels))


def run(name, spec, epochs, seed):
    error = train(json.loads(spec), data, epochs, seed)
    return {"hash": name, "seed": seed, "epochs": epochs, "images": len(data[0][0]), "error": error}


def train_missing(models, arguments):
    results = Path(arguments.results)
    wanted = {name for name, _ in models}
    images = sum(1 for _ in Path(arguments.images, "train").glob("*/*"))
    done = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    done = [run for run in done
            if run["hash"] in wanted and run["seed"] < 1000 + arguments.repeats
            and (run.get("epochs"), run.get("images")) == (arguments.epochs, images)]
    known = {(run["hash"], run["seed"]) for run in done}
    with concurrent.futures.ProcessPoolExecutor(arguments.workers, initializer=prepare,
                                                initargs=(arguments.images,)) as pool:
        waiting = [pool.submit(run, name, spec, arguments.epochs, 1000 + repeat)
                   for name, spec in models for repeat in range(arguments.repeats)
                   if (name, 1000 + repeat) not in known]
        for finished in concurrent.futures.as_completed(waiting):
            done.append(finished.result())
            with results.open("a") as file:
                file.write(json.dumps(done[-1]) + "\n")
            print(f"PyTorch {len(done)}/{len(models) * arguments.repeats}: {done[-1]['error']:.2f}%", flush=True)
    return done


def student_quantile(probability, freedom):
    """Of Student's distribution, by bisection on the integral of its density."""
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(freedom * math.pi)

    def above_middle(t, steps=2000):
        h = t / steps
        values = [(1 + (i * h) ** 2 / freedom) ** (-(freedom + 1) / 2) for i in range(steps + 1)]
        return scale * h / 3 * (values[0] + values[-1] + 4 * sum(values[1::2]) + 2 * sum(values[2:-1:2]))

    low, high = 0.0, 100.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if 0.5 + above_middle(middle) < probability else (low, middle)
    return low


def spread(errors):
    """Variances of a table of errors, a row for each network and a column for each seed, beyond the networks' own: that
    of the seeds, which all networks share (order of images and crops), with its degrees of freedom, and of the rest."""
    networks, seeds = len(errors), len(errors[0])
    of_seeds = [statistics.mean(column) for column in zip(*errors)]
    middle = statistics.mean(of_seeds)
    rest = sum((error - statistics.mean(row) - of_seeds[j] + middle) ** 2
               for row in errors for j, error in enumerate(row)) / ((networks - 1) * (seeds - 1))
    return max(0.0, statistics.variance(of_seeds) - rest / networks), seeds - 1


def compare(a, b, same_seeds):
    """Mean difference of the errors of the same networks, and half of its interval over networks and seeds: networks
    may gain differently, and seeds shift all networks of a side, or of both. Degrees of freedom as Satterthwaite's."""
    differences = [statistics.mean(x) - statistics.mean(y) for x, y in zip(a, b)]
    sides = [[[x - y for x, y in zip(*rows)] for rows in zip(a, b)]] if same_seeds else [a, b]
    parts = [(statistics.variance(differences) / len(differences), len(differences) - 1)]
    parts += [(variance / len(side[0]), freedom) for side in sides for variance, freedom in [spread(side)]]
    variance = sum(part for part, _ in parts)
    freedom = variance ** 2 / sum(part ** 2 / degrees for part, degrees in parts)
    return statistics.mean(differences), student_quantile((1 + CONFIDENCE) / 2, freedom) * math.sqrt(variance)


def read_errors(file, models, repeats):
    """Flops and the errors of its seeds, of each network."""
    database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    found = {name: (None, []) for name, _ in models}
    for name, flops, error in database.execute("SELECT hash, flops, error FROM results WHERE state = 'done' "
                                               "ORDER BY hash, seed"):
        found[name] = (flops, found[name][1] + [error])
    for name, (_, errors) in found.items():
        if len(errors) != repeats:
            raise SystemExit(f"{file}: network {name} has {len(errors)} runs that are done, not {repeats}")
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("images")
    parser.add_argument("results")
    parser.add_argument("databases", nargs="+")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()

    databases = dict(word.partition("=")[::2] for word in arguments.databases)
    first = sqlite3.connect(f"file:{next(iter(databases.values()))}?mode=ro", uri=True)
    models = first.execute("SELECT hash, spec FROM models ORDER BY hash").fetchall()
    if len(models) < 2 or arguments.repeats < 2:
        parser.error("an interval needs two networks and two seeds")
    sides = {name: read_errors(file, models, arguments.repeats) for name, file in databases.items()}
    theirs = {}
    for one in sorted(train_missing(models, arguments), key=lambda one: one["seed"]):
        theirs.setdefault(one["hash"], []).append(one["error"])

    flops = {name: count / 1e6 for name, (count, _) in next(iter(sides.values())).items()}
    names = sorted(flops, key=lambda name: statistics.mean(theirs[name]))
    tables = {side: [found[name][1] for name in names] for side, found in sides.items()}
    tables["PyTorch"] = [theirs[name] for name in names]

    print("| network | MFLOPs | " + " | ".join(f"{side}, error %" for side in tables) + " |")
    print("|---|---|" + "---|" * len(tables))
    for i, name in enumerate(names):
        print(f"| {name} | {flops[name]:.2f} | "
              + " | ".join(f"{statistics.mean(table[i]):.2f}" for table in tables.values()) + " |")
    print(f"\n{len(names)} networks, {arguments.repeats} seeds each; mean differences in points:")
    for a, b in itertools.combinations(tables, 2):
        mean, half = compare(tables[a], tables[b], same_seeds="PyTorch" not in (a, b))
        print(f"{a} - {b}: {mean:+.2f}, {CONFIDENCE:.0%} interval [{mean - half:+.2f}, {mean + half:+.2f}], "
              f"half-width {half:.2f}")


if __name__ == "__main__":
    main()
