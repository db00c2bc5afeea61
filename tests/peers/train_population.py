"""Trains the networks of a database of dse again in plain PyTorch and compares the errors.

    train_population.py DATABASE IMAGES RESULTS [--epochs E] [--repeats N] [--workers W]

The recipe is that of dse's `cifar` (SGD with Nesterov's momentum 0.9, lr 0.125 for 128 images by half a
cosine, the first epoch at a tenth of it, weight decay 5e-4; padding by 4, crop, flip; running statistics of
8192 training images before each test), written here with PyTorch's own parts. RESULTS keeps the errors, a
line of JSON for each run, so that the script can be stopped and started again.
"""
import argparse
import concurrent.futures
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
    return {"hash": name, "seed": seed, "error": train(json.loads(spec), data, epochs, seed)}


def train_missing(models, arguments):
    results = Path(arguments.results)
    done = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
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
    scale = math.gamma((freedom + 1) / 2) / math.gamma(freedom / 2) / math.sqrt(freedom * math.pi)

    def above_middle(t, steps=2000):
        h = t / steps
        values = [(1 + (i * h) ** 2 / freedom) ** (-(freedom + 1) / 2) for i in range(steps + 1)]
        return scale * h / 3 * (values[0] + values[-1] + 4 * sum(values[1::2]) + 2 * sum(values[2:-1:2]))

    low, high = 0.0, 100.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if 0.5 + above_middle(middle) < probability else (low, middle)
    return low


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("database")
    parser.add_argument("images")
    parser.add_argument("results")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()

    database = sqlite3.connect(f"file:{arguments.database}?mode=ro", uri=True)
    models = database.execute("SELECT hash, spec FROM models ORDER BY hash").fetchall()
    theirs = {}
    for one in train_missing(models, arguments):
        theirs.setdefault(one["hash"], []).append(one["error"])

    print("| network | MFLOPs | runs | dse, error % | PyTorch, error % | difference |")
    print("|---|---|---|---|---|---|")
    differences = []
    rows = database.execute("SELECT hash, flops, count(*), avg(error) FROM results WHERE state = 'done' "
                            "GROUP BY hash ORDER BY avg(error)")
    for name, flops, runs, error in rows:
        peer = statistics.mean(theirs[name])
        differences.append(error - peer)
        print(f"| {name} | {flops / 1e6:.2f} | {runs} + {len(theirs[name])} | {error:.2f} | {peer:.2f} | "
              f"{error - peer:+.2f} |")
    n = len(differences)
    mean = statistics.mean(differences)
    half = student_quantile((1 + CONFIDENCE) / 2, n - 1) * statistics.stdev(differences) / math.sqrt(n)
    print(f"\n{n} networks, mean difference {mean:+.2f} points, {CONFIDENCE:.0%} interval "
          f"[{mean - half:+.2f}, {mean + half:+.2f}], half-width {half:.2f}")


if __name__ == "__main__":
    main()
