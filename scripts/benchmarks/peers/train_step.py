#!/usr/bin/env python3
"""Training-step rate of PyTorch eager, the peer of the trainer's own step benchmark.

Builds the network of a resolved model JSON (blocks X, Y and R) as a PyTorch user would write it and times full
steps (forward, cross entropy, backward, SGD with Nesterov momentum) on one fixed random batch. Prints one JSON
line per memory layout: {"variant": "eager_nchw", "img_per_s": 666.1}, the median over the steps.

    dse inspect regnetx-200mf --json | jq .model | train_step.py - --batch 32 --threads 2
"""

import argparse
import json
import statistics
import sys
import time

import torch
from torch import nn

STEMS = {"simple": (3, 2, 32), "cifar": (3, 1, 16), "resnet": (7, 2, 64)}  # kernel, stride, default width


def conv(inputs, outputs, kernel, stride=1, groups=1):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)


class SqueezeExcite(nn.Module):
    def __init__(self, width, squeezed, activation):
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(width, squeezed, 1), activation(), nn.Conv2d(squeezed, width, 1),
            nn.Sigmoid())

    def forward(self, x):
        return x * self.gate(x)


class Block(nn.Module):
    def __init__(self, inputs, width, stride, inner, groups, squeezed, activation):
        super().__init__()
        layers = [conv(inputs, inner, 1), nn.BatchNorm2d(inner), activation(),
                  conv(inner, inner, 3, stride, groups), nn.BatchNorm2d(inner), activation()]
        if squeezed:
            layers.append(SqueezeExcite(inner, squeezed, activation))
        layers += [conv(inner, width, 1), nn.BatchNorm2d(width)]
        self.branch = nn.Sequential(*layers)
        self.shortcut = None
        if inputs != width or stride != 1:
            self.shortcut = nn.Sequential(conv(inputs, width, 1, stride), nn.BatchNorm2d(width))
        self.activation = activation()

    def forward(self, x):
        shortcut = x if self.shortcut is None else self.shortcut(x)
        return self.activation(shortcut + self.branch(x))


def per_stage(model, key, default):
    value = model.get(key, default)
    return value if isinstance(value, list) else [value] * len(model["widths"])


def make_activation(model):
    def activation():
        return nn.SiLU(inplace=True) if model.get("activation") == "swish" else nn.ReLU(inplace=True)
    return activation


def build(model):
    if model["block"] not in ("X", "Y", "R"):
        sys.exit(f"train_step.py: block {model['block']} is not built here; use X, Y or R")
    activation = make_activation(model)
    kernel, stride, default_width = STEMS[model["stem"]]
    width = model.get("stem_width", default_width)
    layers = [conv(3, width, kernel, stride), nn.BatchNorm2d(width), activation()]
    if model["stem"] == "resnet":
        layers.append(nn.MaxPool2d(3, 2, 1))
    stages = zip(model["depths"], model["widths"], model["strides"], per_stage(model, "bottleneck", 1),
                 per_stage(model, "group_widths", 0))
    for depth, outputs, first_stride, bottleneck, group_width in stages:
        inner = round(outputs / bottleneck)
        groups = inner // group_width if group_width else 1
        for i in range(depth):
            squeezed = max(1, round(model.get("se_ratio", 0) * width)) if model["block"] == "Y" else 0
            layers.append(Block(width, outputs, first_stride if i == 0 else 1, inner, groups, squeezed, activation))
            width = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, model["classes"]))


def measure(model, batch, steps, warm_up, channels_last):
    torch.manual_seed(0)
    network = build(model)
    images = torch.randn(batch, 3, model["resolution"], model["resolution"])
    labels = torch.randint(model["classes"], (batch,))
    if channels_last:
        network = network.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), 0.01, momentum=0.9, nesterov=True, weight_decay=5e-5)
    seconds = []
    for _ in range(warm_up + steps):
        start = time.perf_counter()
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(network(images), labels)
        loss.backward()
        optimizer.step()
        seconds.append(time.perf_counter() - start)
    return batch / statistics.median(seconds[warm_up:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="resolved model JSON: a file, or - for standard input")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--warm-up", type=int, default=3)
    parser.add_argument("--variant", choices=["eager_nchw", "eager_channels_last"], action="append",
                        help="only this one; may be repeated")
    arguments = parser.parse_args()
    with (sys.stdin if arguments.model == "-" else open(arguments.model, encoding="utf-8")) as source:
        model = json.load(source)
    torch.set_num_threads(arguments.threads)
    for variant in arguments.variant or ["eager_nchw", "eager_channels_last"]:
        rate = measure(model, arguments.batch, arguments.steps, arguments.warm_up, variant != "eager_nchw")
        print(json.dumps({"variant": variant, "img_per_s": round(rate, 1)}), flush=True)


if __name__ == "__main__":
    main()
