"""Classifiers that `diffeo train` makes, as other commands take them."""

from pathlib import Path

import torch

from command_line import flags, run
from diffeo import zoo
from diffeo.report.images import write_png


def test_a_trained_classifier_knows_its_classes_and_its_command(tmp_path: Path) -> None:
    faces, out = tmp_path / "some faces", tmp_path / "net"

    for name, light in (("sad", 0.0), ("glad", 1.0)):
        (faces / name).mkdir(parents=True)

        for number in range(10):
            image = torch.full((1, 8, 8), abs(light - number / 40))
            write_png(image, faces / f"{name}/{number}.png")

    trained = run("train", faces, *flags(resize=4, epochs=1, out=out, quiet=True))
    model = out / "classifier.safetensors"
    how = {"data": faces, "resize": 4, "limit": 1, "model": model, "steps": 2}
    how |= {"coordinates": "data", "target": "glad", "out": tmp_path / "out"}
    ended = run("explain", *flags(**how, quiet=True))
    command = f"diffeo train '{faces}' --resize 4 --epochs 1 --batch-size 128 --seed 0"

    assert trained.code == ended.code == 0, trained.stderr + ended.stderr
    assert zoo.card(model).command == command
    assert zoo.card(model).classes == ("glad", "sad")
    assert "- Classes: glad, sad\n" in (out / "classifier.md").read_text()
    assert "glad" in (tmp_path / "out/report.html").read_text()
