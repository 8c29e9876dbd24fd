"""Explain a classifier of one's own on a folder of pictures.

Here the folder is written from the digits that come with the package, a folder of
pictures for each class, and the flow is the one that comes with it. For pictures of
yours, fit a flow first: `diffeo fit FOLDER --minutes 60 --out flow.safetensors`.
"""

import argparse
from pathlib import Path

import torch
from PIL import Image
from torch import nn

from diffeo import explain, zoo
from diffeo.data.labelled import read_labelled_images
from diffeo.data.mnist import sample_digits
from diffeo.report import ReportOptions, write_report

NAMES = "four", "nine"


def write_folder(folder: Path) -> None:
    """Write the fours and the nines as pictures."""

    digits = sample_digits()

    for name, digit in zip(NAMES, (4, 9), strict=True):
        (folder / name).mkdir(parents=True, exist_ok=True)
        chosen = digits.images[digits.labels == digit]

        for number, image in enumerate(chosen):
            pixels = (255 * image[0]).round().byte().numpy()
            Image.fromarray(pixels).save(folder / name / f"{number:03d}.png")


def train(images: torch.Tensor, labels: torch.Tensor, steps: int) -> nn.Module:
    """Train a small network; any of yours that returns logits will do."""

    torch.manual_seed(0)
    model = nn.Sequential(
        *(nn.Conv2d(1, 16, 5, stride=2), nn.ReLU()),
        *(nn.Conv2d(16, 32, 5, stride=2), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(32 * 4 * 4, len(NAMES))),
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    for _ in range(steps):
        rows = torch.randint(len(images), (64,))
        loss = nn.functional.cross_entropy(model(images[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return model.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("own-classifier"))
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()

    write_folder(options.out / "pictures")
    pictures = read_labelled_images(options.out / "pictures")
    model = train(pictures.images, pictures.labels, 30 if options.quick else 300)
    rows = 2 if options.quick else 16
    fours = pictures.images[pictures.labels == 0][:rows]
    record = explain(fours, model, zoo.load("mnist-flow"), target=1)

    print(record)
    page = ReportOptions(classes=NAMES)
    print(write_report({"in the flow": record}, options.out, page))


if __name__ == "__main__":
    main()
