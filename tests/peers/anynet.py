"""The networks of dse in plain PyTorch, written from the definitions of the paper and of EfficientNet.

Parameters are named as torchvision names those of its RegNets.
"""
from collections import OrderedDict

import torch
from torch import nn


def activation(name):
    return nn.ReLU() if name == "relu" else nn.SiLU()


def unit(w_in, w_out, kernel, stride=1, groups=1, act=None):
    layers = [
        nn.Conv2d(w_in, w_out, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(w_out, eps=1e-5, momentum=0.1),
    ]
    if act:
        layers.append(activation(act))
    return nn.Sequential(*layers)


class Squeeze(nn.Module):
    def __init__(self, width, squeezed, act):
        super().__init__()
        self.fc1 = nn.Conv2d(width, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, width, 1)
        self.act = activation(act)

    def forward(self, x):
        gate = x.mean((2, 3), keepdim=True)
        return x * torch.sigmoid(self.fc2(self.act(self.fc1(gate))))


class Block(nn.Module):
    def __init__(self, model, stage, w_in, stride):
        super().__init__()
        kind, act = model["block"], model["activation"]
        w_out = stage["width"]
        parts = OrderedDict()
        if kind in ("X", "Y", "R"):
            inner = round(w_out / stage["bottleneck"])
            groups = inner // stage["group_width"] if kind != "R" else 1
            parts["a"] = unit(w_in, inner, 1, act=act)
            parts["b"] = unit(inner, inner, 3, stride, groups, act)
            if kind == "Y":
                parts["se"] = Squeeze(inner, max(1, round(model["se_ratio"] * w_in)), act)
            parts["c"] = unit(inner, w_out, 1)
        elif kind == "Basic":
            parts["a"] = unit(w_in, w_out, 3, stride, act=act)
            parts["b"] = unit(w_out, w_out, 3)
        elif kind in ("V", "VR"):
            parts["a"] = unit(w_in, w_out, 3, stride)
        else:
            inner = w_in * stage["expansion"]
            if stage["expansion"] != 1:
                parts["exp"] = unit(w_in, inner, 1, act=act)
            parts["dw"] = unit(inner, inner, stage["kernel"], stride, inner, act)
            parts["se"] = Squeeze(inner, max(1, int(model["se_ratio"] * w_in)), act)
            parts["lin"] = unit(inner, w_out, 1)
        self.f = nn.Sequential(parts)
        same = w_in == w_out and stride == 1
        self.residual = same if kind == "MBConv" else kind != "V"
        self.proj = None
        if self.residual and not same:
            self.proj = unit(w_in, w_out, 1, stride)
        self.after = nn.Identity() if kind == "MBConv" else activation(act)

    def forward(self, x):
        y = self.f(x)
        if self.residual:
            y = y + (x if self.proj is None else self.proj(x))
        return self.after(y)


class AnyNet(nn.Module):
    """Of resolved model JSON."""

    def __init__(self, model):
        super().__init__()
        stem, width = model["stem"], model["stem_width"]
        kernel, stride = {"resnet": (7, 2), "cifar": (3, 1)}.get(stem, (3, 2))
        self.stem = unit(3, width, kernel, stride, act=model["activation"])
        self.pool = nn.MaxPool2d(3, 2, 1) if stem == "resnet" else nn.Identity()
        names = {"widths": "width", "bottleneck": "bottleneck", "group_widths": "group_width",
                 "kernels": "kernel", "expansions": "expansion"}
        trunk = OrderedDict()
        for s, (depth, first_stride) in enumerate(zip(model["depths"], model["strides"])):
            stage = {one: model[many][s] for many, one in names.items() if many in model}
            blocks = OrderedDict()
            for b in range(depth):
                blocks[f"block{s + 1}-{b}"] = Block(model, stage, width, first_stride if b == 0 else 1)
                width = stage["width"]
            trunk[f"block{s + 1}"] = nn.Sequential(blocks)
        self.trunk_output = nn.Sequential(trunk)
        self.head = nn.Identity()
        if model.get("head_width"):
            self.head = unit(width, model["head_width"], 1, act=model["activation"])
            width = model["head_width"]
        self.fc = nn.Linear(width, model["classes"])

    def forward(self, x):
        x = self.head(self.trunk_output(self.pool(self.stem(x))))
        return self.fc(x.mean((2, 3)))
