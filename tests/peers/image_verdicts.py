#!/usr/bin/env python3
"""Which image files are sound: what dse says beside Pillow and torchvision.

  image_verdicts.py VERDICT [FOLDER [SCRATCH]]

VERDICT is the program of image_verdict_main.cc, FOLDER ($DSE_IMAGENET_SAMPLE_DIR) holds photographs (*.JPEG). Makes sound variants and damaged ones of
them, asks all three, and prints a table: for each kind how many files there are, how many each of them takes, and for damaged
files how many hold other pixels than before though dse takes them. Exits with 1 if dse refuses a sound file or takes a
damaged one of the kinds it always finds, with 77 without photographs.
"""
import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import torch
import torchvision
from PIL import Image

SECTOR = 512
SKIPPED = 77
ALWAYS_FOUND = {"cut at half", "cut by the last 20 bytes", "PNG, sector overwritten", "PNG cut at half"}


def encode(image, kind="JPEG", **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def overwrite(data, generator, size=SECTOR):
    """One sector of a disk with other bytes, somewhere behind the first."""
    sectors = max(1, len(data) // size)
    at = size * int(generator.integers(1, sectors)) if sectors > 1 else len(data) // 2
    other = generator.integers(0, 256, len(data[at : at + size]), dtype=numpy.uint8).tobytes()
    return data[:at] + other + data[at + size :]


def zeroed(data, generator):
    sectors = max(2, len(data) // SECTOR)
    at = SECTOR * int(generator.integers(1, sectors))
    return data[:at] + bytes(len(data[at : at + SECTOR])) + data[at + SECTOR :]


def flipped(data, generator):
    at = int(generator.integers(len(data) // 4, len(data) - 2))
    return data[:at] + bytes([data[at] ^ 1 << int(generator.integers(8))]) + data[at + 1 :]


def variants(photographs, generator):
    """Rows of (kind, is sound, file name, bytes, bytes before damage)."""
    for path in photographs:
        data = path.read_bytes()
        image = Image.open(path).convert("RGB")
        small = image.resize((96, 80))
        progressive = encode(small, quality=85, progressive=True)
        sequential = encode(small, quality=85)
        png = encode(small, "PNG")
        end = data.rindex(b"\xff\xd9")
        name = path.stem
        yield "photograph", True, name, data, data
        yield "progressive", True, name, progressive, progressive
        yield "20 KB of zeros behind", True, name, data + bytes(20_000), data
        yield "an MP4 behind (1 MB)", True, name, data + generator.bytes(1_000_000).replace(b"\xff\xd9", b"\xff\xda"), data
        yield "600 zeros before the end", True, name, data[:end] + bytes(600) + data[end:], data
        yield "4 other bytes before the end", True, name, data[:end] + b"\x7f\x11\x22\x33" + data[end:], data
        first = 4 + int.from_bytes(data[4:6], "big")  # the end of the first segment
        yield "100 zeros between header segments", True, name, data[:first] + bytes(100) + data[first:], data
        yield "PNG", True, name, png, png
        yield "cut at half", False, name, data[: len(data) // 2], data
        yield "cut by the last 20 bytes", False, name, data[:-20], data
        yield "sector overwritten, progressive", False, name, overwrite(progressive, generator), progressive
        yield "sector overwritten, sequential", False, name, overwrite(sequential, generator), sequential
        yield "sector overwritten, photograph", False, name, overwrite(data, generator), data
        yield "sector zeroed, photograph", False, name, zeroed(data, generator), data
        yield "one bit flipped, photograph", False, name, flipped(data, generator), data
        yield "PNG, sector overwritten", False, name, overwrite(png, generator), png
        yield "PNG cut at half", False, name, png[: len(png) // 2], png


def panorama():
    wide = Image.fromarray(numpy.random.default_rng(1).integers(0, 256, (300, 20_000, 3), dtype=numpy.uint8))
    yield "20,000 x 300", True, "wide", encode(wide, quality=30), None
    yield "20,000 x 300 PNG", True, "wide", encode(wide, "PNG"), None


def by_pillow(data):
    try:
        return numpy.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    except Exception:  # whatever it is, the file is not taken
        return None


def by_torchvision(data):
    try:
        tensor = torch.frombuffer(bytearray(data), dtype=torch.uint8)
        return torchvision.io.decode_image(tensor, torchvision.io.ImageReadMode.RGB)
    except Exception:
        return None


def main():
    program, folder = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else os.environ.get("DSE_IMAGENET_SAMPLE_DIR", "")
    if not folder:
        print("skipped: DSE_IMAGENET_SAMPLE_DIR is not set")
        sys.exit(SKIPPED)
    scratch = Path(sys.argv[3] if len(sys.argv) > 3 else tempfile.mkdtemp())
    generator = numpy.random.default_rng(1)
    rows, files = {}, []
    photographs = sorted(Path(folder).glob("*.JPEG"))
    for number, (kind, sound, name, data, before) in enumerate([*variants(photographs, generator), *panorama()]):
        path = scratch / f"{number}-{name}"
        path.write_bytes(data)
        files.append((path, kind, sound, data, before))
    verdicts = {}
    for first in range(0, len(files), 500):
        names = [str(row[0]) for row in files[first : first + 500]]
        printed = subprocess.run([program, *names], check=True, capture_output=True, text=True).stdout
        verdicts |= dict(line.split("\t", 1) for line in printed.splitlines())
    for path, kind, sound, data, before in files:
        row = rows.setdefault(kind, dict(sound=sound, files=0, pillow=0, torchvision=0, dse=0, changed=0))
        row["files"] += 1
        pixels = by_pillow(data)
        row["pillow"] += pixels is not None
        row["torchvision"] += by_torchvision(data) is not None
        if verdicts[str(path)] != "sound":
            continue
        row["dse"] += 1
        if before is not None and (pixels is None or not numpy.array_equal(pixels, by_pillow(before))):
            row["changed"] += 1
    print("| kind | files | Pillow takes | torchvision takes | dse takes | of these, other pixels |\n|---|---|---|---|---|---|")
    for kind, row in rows.items():
        print(f"| {kind} | {row['files']} | {row['pillow']} | {row['torchvision']} | {row['dse']} | {row['changed']} |")
    wrong = [kind for kind, row in rows.items() if row["sound"] and (row["dse"] < row["files"] or row["changed"])]
    if wrong:
        sys.exit("sound files were refused: " + ", ".join(wrong))
    passed = [kind for kind in ALWAYS_FOUND if rows[kind]["dse"]]
    if passed:
        sys.exit("damaged files were taken: " + ", ".join(passed))


if __name__ == "__main__":
    main()
