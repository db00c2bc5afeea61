#!/usr/bin/env python3
"""Makes results-v2.db: a study of schema 2, from before fingerprints covered contents.

    make_results_v2.py DSE OUT      DSE is a program of that time, with its training module

Two of three networks are trained on a folder of two classes, cat and dog, with the images 0.jpg
to 7.jpg of each to train and 0.jpg and 1.jpg to test; the weights of both are tested on it too.
What such a program knew of the folder are these names and numbers, so any images under them are
the folder that the study was made on. Needs Pillow.
"""
import pathlib
import subprocess
import sys
import tempfile

from PIL import Image

NETWORK = (
    '{"name":"n%d","type":"anynet","block":"X","stem":"cifar","resolution":32,"classes":2,'
    '"depths":[1,1],"widths":[%d,16],"group_widths":8}\n'
)


def write_images(folder):
    for split, count in (("train", 8), ("test", 2)):
        for label, name in enumerate(("cat", "dog")):
            place = folder / split / name
            place.mkdir(parents=True)
            for i in range(count):
                image = Image.new("RGB", (32, 32), (40 + 20 * i, 200 * label, 90))
                image.save(place / f"{i}.jpg", quality=95)


def main():
    dse, out = (pathlib.Path(word).resolve() for word in sys.argv[1:])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_images(folder / "images")
        (folder / "n.jsonl").write_text("".join(NETWORK % (i, 8 * (i + 1)) for i in range(3)))

        def run(*words):
            subprocess.run([dse, *words, "-q"], cwd=folder, check=True)

        run("add", "--db", "v2.db", "--population", "p", "n.jsonl")
        run("train", "--db", "v2.db", "--data", "folder:images", "--recipe", "smoke", "--set",
            "epochs=1", "batch_size=8", "--device", "cpu", "--limit", "2", "--keep-weights")
        run("eval", "--db", "v2.db", "--data", "folder:images", "--device", "cpu")
        out.write_bytes((folder / "v2.db").read_bytes())


if __name__ == "__main__":
    main()
