"""Networks of dse against torchvision, timm and plain PyTorch: compare.py DSE DSE_TORCH_PEER

Weights that dse writes must load with every key matching; the logits of both, and the losses of 20 steps
of SGD, must agree. Where our metadata hold statements for a library's network (`after_loading`), they are
run as they stand, and without them the logits must differ. Weights are random, nothing is downloaded. Exits
with 1 if anything differs. Skipped where a package is missing.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import timm
    import torch
    import torchvision
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file
    from torch import nn
except ImportError as missing:
    print(f"SKIPPED: compare: {missing}, no network is compared (scripts/setup)")
    sys.exit(77)

from anynet import AnyNet

LOGITS_TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-4}
LOSS_TOLERANCE = {torch.float64: 1e-8, torch.float32: 1e-3}

# Ours, the library, its name, and what of ours is changed so that theirs needs mending.
LIBRARY_NETWORKS = [
    ("regnetx-800mf", "torchvision", "regnet_x_800mf"),
    ("regnety-400mf", "torchvision", "regnet_y_400mf"),
    ("regnety-1.6gf", "torchvision", "regnet_y_1_6gf"),
    ("resnet-50", "torchvision", "resnet50"),
    ("resnext-50", "torchvision", "resnext50_32x4d"),
    ("efficientnet-b0", "torchvision", "efficientnet_b0"),
    ("efficientnet-b1", "torchvision", "efficientnet_b1"),
    ("efficientnet-b2", "torchvision", "efficientnet_b2"),
    ("efficientnet-b3", "torchvision", "efficientnet_b3"),
    ("efficientnet-b4", "torchvision", "efficientnet_b4"),
    ("efficientnet-b5", "torchvision", "efficientnet_b5"),
    ("efficientnet-b0", "torchvision", "efficientnet_b0", {"activation": "relu", "strides": [1, 2, 2, 1, 1, 2, 1]}),
    ("regnety-400mf", "torchvision", "regnet_y_400mf", {"activation": "swish"}),
    ("regnetx-800mf", "torchvision", "regnet_x_800mf", {"stem": "cifar", "strides": [2, 2, 1, 2]}),
    ("resnet-50", "torchvision", "resnet50", {"activation": "swish", "strides": [1, 2, 2, 1]}),
    ("regnetx-400mf", "timm", "regnetx_004"),
    ("regnety-800mf", "timm", "regnety_008"),
    ("regnety-400mf", "timm", "regnety_004", {"strides": [2, 2, 2, 1]}),
]

SMALL = '"stem":"cifar","stem_width":16,"resolution":16,"classes":10,"depths":[1,2],"widths":[16,32]'
SMALL_NETWORKS = {
    "X": '{"type":"anynet","block":"X",%s,"bottleneck":[1,2],"group_widths":8}' % SMALL,
    "Y": '{"type":"anynet","block":"Y",%s,"bottleneck":[2,0.5],"group_widths":[4,16]}' % SMALL,
    "R": '{"type":"anynet","block":"R",%s,"bottleneck":2}' % SMALL,
    "V": '{"type":"anynet","block":"V",%s}' % SMALL,
    "VR": '{"type":"anynet","block":"VR",%s,"activation":"swish"}' % SMALL,
    "Basic": '{"type":"anynet","block":"Basic",%s}' % SMALL,
    "MBConv": '{"type":"anynet","block":"MBConv","stem":"simple","stem_width":16,"resolution":32,'
              '"classes":10,"activation":"swish","se_ratio":0.25,"depths":[2,2],"widths":[16,24],'
              '"strides":[1,2],"kernels":[3,5],"expansions":[1,4],"head_width":64}',
}

STEPS = 20
RECIPE = {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 5e-5, "lr": 0.02}


class Peer:
    """The C++ programs, through files in a folder; the one that opens LibTorch is started once."""

    def __init__(self, dse, program, folder):
        self.dse, self.folder = dse, Path(folder)
        self.program = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.recipe = self.write("recipe.json", json.dumps(RECIPE))

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def ask(self, *words):
        """Returns when the program has done what the words say."""
        print(*words, sep="\t", file=self.program.stdin, flush=True)
        if self.program.stdout.readline() != "done\n":
            sys.exit(f"the peer program ended with {self.program.wait()} at: {' '.join(words)}")

    def end(self):
        self.program.stdin.close()
        if self.program.wait() != 0:
            sys.exit(f"the peer program ended with {self.program.returncode}")

    def resolve(self, model):
        """Resolved JSON of a name or of model JSON."""
        if model.startswith("{"):
            model = self.write("given.json", model)
        line = subprocess.run([self.dse, "inspect", "--json", model], check=True, capture_output=True).stdout
        resolved = json.loads(line)["model"]
        return resolved, self.write("model.json", json.dumps(resolved))

    def initial_weights(self, model_path, names):
        out = str(self.folder / "initial.safetensors")
        self.ask("init", model_path, "1", names, out)
        with safe_open(out, "pt") as file:
            metadata = file.metadata()
        return load_file(out), metadata

    def run(self, model_path, state, images, labels=None):
        """Logits of the first batch in both modes, and the losses of a training where there are labels."""
        weights, batches, out = (str(self.folder / f"{n}.safetensors") for n in ("weights", "batches", "out"))
        save_file({k: v.contiguous() for k, v in state.items()}, weights)
        save_file({"images": images} if labels is None else {"images": images, "labels": labels}, batches)
        self.ask("run", model_path, weights, batches, self.recipe, out)
        return load_file(out)


def switch_noise_off(network):
    for module in network.modules():
        if isinstance(module, (nn.Dropout, torchvision.ops.StochasticDepth)):
            module.p = 0.0


def randomise(network):
    """Normalisations that would show a wrong statistic, scale or shift."""
    generator = torch.Generator().manual_seed(7)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            uniform = lambda t, low, high: t.copy_(torch.rand(t.shape, generator=generator) * (high - low) + low)
            with torch.no_grad():
                uniform(module.weight, 0.5, 1.5)
                uniform(module.bias, -0.3, 0.3)
                uniform(module.running_mean, -0.3, 0.3)
                uniform(module.running_var, 0.5, 1.5)


def python_losses(network, images, labels):
    network.train()
    optimizer = torch.optim.SGD(network.parameters(), lr=RECIPE["lr"], momentum=RECIPE["momentum"],
                                nesterov=RECIPE["nesterov"], weight_decay=RECIPE["weight_decay"])
    losses = []
    for x, y in zip(images, labels):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(network(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses)


def difference(ours, theirs):
    return ((ours - theirs).abs().max() / theirs.abs().max()).item()


def random_batches(steps, n, resolution, classes, dtype):
    generator = torch.Generator().manual_seed(3)
    images = torch.randn(steps, n, 3, resolution, resolution, generator=generator, dtype=torch.float64)
    labels = torch.randint(classes, (steps, n), generator=generator)
    return images.to(dtype), labels


def compare(peer, title, model_path, network, batches_of, check_losses):
    """True if all agrees. `network` has its weights."""
    passed = True
    randomise(network)
    state = {k: v.clone() for k, v in network.state_dict().items()}
    for dtype in (torch.float64, torch.float32):
        images, labels = batches_of(dtype)
        cast = {k: v.to(dtype) if v.is_floating_point() else v for k, v in state.items()}
        ours = peer.run(model_path, cast, images, labels if check_losses else None)
        network.to(dtype)
        found = {}
        with torch.no_grad():
            for mode in ("eval", "train"):
                network.load_state_dict(cast)
                network.train(mode == "train")
                found[mode] = difference(ours[mode], network(images[0]))
        if check_losses:
            network.load_state_dict(cast)
            theirs = python_losses(network, images, labels)
            found["losses"] = ((ours["losses"] - theirs).abs() / theirs.abs()).max().item()
        for what, value in found.items():
            limit = (LOSS_TOLERANCE if what == "losses" else LOGITS_TOLERANCE)[dtype]
            good = value <= limit
            passed &= good
            print(f"{'ok  ' if good else 'FAIL'} {title:46} {str(dtype)[6:]:8} {what:7} {value:.1e} (<= {limit:.0e})")
    return passed


def same_logits(mended, plain, images):
    """Whether the library's own network computes the same with the weights, so needs no mending."""
    plain.load_state_dict(mended.state_dict())
    with torch.no_grad():
        return difference(plain.eval()(images), mended.eval()(images)) < LOGITS_TOLERANCE[torch.float32]


def compare_library_network(peer, name, library, published, changes=None):
    model, path = peer.resolve(name)
    if changes:
        model, path = peer.resolve(json.dumps(model | changes))
    make = (lambda: torchvision.models.get_model(published, weights=None)) if library == "torchvision" else (
        lambda: timm.create_model(published, pretrained=False))
    net = make()
    weights, metadata = peer.initial_weights(path, library)
    net.load_state_dict(weights, strict=True)
    if "after_loading" in metadata:
        exec(metadata["after_loading"], {"net": net, "torch": torch})
    switch_noise_off(net)
    batches_of = lambda dtype: random_batches(1, 4, 96, model["classes"], dtype)
    title = f"{library} {published}" + "".join(f", {key}" for key in changes or {})
    passed = compare(peer, title, path, net, batches_of, check_losses=False)
    if "after_loading" in metadata and same_logits(net.float(), make(), batches_of(torch.float32)[0][0]):
        passed = False
        print(f"FAIL {title}: agrees without the statements of our metadata")
    return passed


def compare_small_network(peer, block, text):
    model, path = peer.resolve(text)
    network = AnyNet(model)
    network.load_state_dict(peer.initial_weights(path, "torchvision")[0], strict=True)
    batches_of = lambda dtype: random_batches(STEPS, 32, model["resolution"], model["classes"], dtype)
    return compare(peer, f"{block}, {STEPS} steps", path, network, batches_of, check_losses=True)


def main():
    dse, program = sys.argv[1:]
    torch.manual_seed(0)
    passed = True
    with tempfile.TemporaryDirectory() as folder:
        peer = Peer(dse, program, folder)
        for block, text in SMALL_NETWORKS.items():
            passed &= compare_small_network(peer, block, text)
        for network in LIBRARY_NETWORKS:
            passed &= compare_library_network(peer, *network)
        peer.end()
    print("all agree" if passed else "some differ")
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
