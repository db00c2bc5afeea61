"""Writes auto-augment.csv beside this file: AutoAugment's operations by torchvision and Pillow.

Rows: the policy (place, step, operation, probability, value, value the other way), then images (operation,
value, first 16 hex digits of the SHA-256 of the pixels). Made with torchvision 0.26.0 and Pillow 13.0.0.
"""
import hashlib
from pathlib import Path

import torch
from PIL import Image
from torchvision.transforms import AutoAugment, InterpolationMode
from torchvision.transforms.autoaugment import _apply_op

SIDE = 24
GREY = [128, 128, 128]
SCALES = {"Color", "Contrast", "Sharpness"}  # given to torchvision as the difference from 1


def picture():
    image = Image.new("RGB", (SIDE, SIDE))
    for y in range(SIDE):
        for x in range(SIDE):
            image.putpixel((x, y), tuple((7 * x + 11 * y + 50 * c + x * y % 13 * 5) % 200 + 20 for c in range(3)))
    return image


def main():
    transform = AutoAugment()
    space = transform._augmentation_space(10, (SIDE, SIDE))
    lines, used = [], set()
    for place, policy in enumerate(transform.policies):
        for step, (name, probability, magnitude) in enumerate(policy):
            magnitudes, signed = space[name]
            value = magnitudes[magnitude].item() if magnitude is not None else 0.0
            shown = [(1 if name in SCALES else 0) + sign * value for sign in ([1, -1] if signed else [1, 1])]
            lines.append(f"policy,{place},{step},{name},{probability},{shown[0]:.9g},{shown[1]:.9g}")
            used.update((name, sign * value) for sign in ([1, -1] if signed else [1]))
    for name, value in sorted(used):
        image = _apply_op(picture(), name, value, InterpolationMode.NEAREST, GREY)
        digest = hashlib.sha256(image.tobytes()).hexdigest()[:16]
        lines.append(f"image,{name},{value + (1 if name in SCALES else 0):.9g},{digest}")
    Path(__file__).with_name("auto-augment.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
