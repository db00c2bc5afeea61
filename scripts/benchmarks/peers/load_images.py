"""Training images at 224 px by torchvision's transforms on one thread: load_images.py FOLDER"""
import json
import sys
import time
from pathlib import Path

import torch
from PIL import Image
from torchvision import transforms

torch.set_num_threads(1)
transform = transforms.Compose([
    transforms.RandomResizedCrop(224),
    transforms.RandomHorizontalFlip(),
    transforms.ToTensor(),
    transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
])
files = sorted(Path(sys.argv[1]).glob("*.JPEG"))
count, begin = 0, 0.0
while time.perf_counter() - begin < 4 or begin == 0.0:
    for file in files:
        transform(Image.open(file).convert("RGB"))
    count += len(files)
    if begin == 0.0:  # the first pass warms up
        count, begin = 0, time.perf_counter()
print(json.dumps({"img_per_s": count / (time.perf_counter() - begin)}))
