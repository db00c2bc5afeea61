"""Training steps of plain PyTorch, the peer of dse's own: a process that answers one request after another.

    pytorch_steps.py THREADS

A line of standard input asks for a network of resolved model JSON and a variant (`nchw`, `channels_last`, `compile`):
{"model": {...}, "batch": 128, "warm_up": 1, "steps": 8, "variant": "nchw"}. The answer is a line such as
{"img_per_s": 666.1, "waited": 0.01}: the median over full steps (forward, cross entropy, backward, SGD with Nesterov
momentum) on one fixed random batch, and the share of the time in which other programs had the cores; of `compile` also
"first_step_s", in which it compiles; or {"error": "why there is none"}.

The network is that of tests/peers/anynet.py, which the tests hold to dse's own to equal logits and losses.
"""
import json
import os
import statistics
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3] / "tests" / "peers"))

import torch
from torch import nn

from anynet import AnyNet


def build(model):
    network = AnyNet(model)
    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = True  # as in torchvision's networks
    return network


class Training:
    """A network with its optimizer and a batch."""

    def __init__(self, request):
        torch.manual_seed(0)
        model, batch = request["model"], request["batch"]
        network = build(model)
        self.images = torch.randn(batch, 3, model["resolution"], model["resolution"])
        self.labels = torch.randint(model["classes"], (batch,))
        if request["variant"] == "channels_last":
            network = network.to(memory_format=torch.channels_last)
            self.images = self.images.contiguous(memory_format=torch.channels_last)
        self.optimizer = torch.optim.SGD(network.parameters(), 0.01, momentum=0.9, nesterov=True, weight_decay=5e-5)
        self.network = network
        self.first_step = None
        if request["variant"] == "compile":
            torch.compiler.reset()  # or it would take the sizes of the network before for variables
            self.network = torch.compile(network, dynamic=False)
            self.first_step = self.step()

    def step(self):
        """Seconds of one."""
        start = time.perf_counter()
        self.optimizer.zero_grad()
        loss = nn.functional.cross_entropy(self.network(self.images), self.labels)
        loss.backward()
        self.optimizer.step()
        return time.perf_counter() - start


def waited_seconds():
    """In which the main thread was ready to run while other programs had the cores."""
    try:
        return int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9
    except OSError:
        return 0


class Peer:
    def __init__(self):
        self.compiled = {}  # by request: what took long is kept for the next round

    def answer(self, request):
        key = json.dumps(request, sort_keys=True)
        training = self.compiled.get(key) or Training(request)
        if training.first_step is not None:
            self.compiled[key] = training
        waited = waited_seconds()
        seconds = [training.step() for _ in range(request["warm_up"] + request["steps"])]
        waited = (waited_seconds() - waited) / sum(seconds)
        step = statistics.median(seconds[request["warm_up"]:])
        answer = {"img_per_s": request["batch"] / step, "waited": waited}
        if training.first_step is not None:
            answer["first_step_s"] = training.first_step
        return answer


def main():
    torch.set_num_threads(int(sys.argv[1]))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a compiler prints is no answer
    peer = Peer()
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = peer.answer(request)
        except Exception as failure:  # no compiler here, or one that does not work
            if request["variant"] != "compile":
                raise
            answer = {"error": f"{type(failure).__name__}: {str(failure).strip()}".splitlines()[0]}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
