from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch

from command_line import Ended, flags, run
from diffeo import zoo
from diffeo.cli.fit import GeneratorName
from diffeo.coordinates.protocol import Coordinates
from diffeo.data.images import read_images
from diffeo.report.images import write_png
from diffeo.workflows.fit import images as fitting
from diffeo.workflows.fit.glow import GlowModel
from diffeo.workflows.fit.image_model import SIZES
from diffeo.workflows.fit.images import natural_side, plan_training
from diffeo.workflows.fit.options import FitOptions
from diffeo.workflows.fit.plan import TrainingPlan, plan_of


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Twenty pictures of 10×8 pixels in the folders of two classes."""

    generator = torch.Generator().manual_seed(0)

    for name in ("glad", "sad"):
        (tmp_path / "faces" / name).mkdir(parents=True)

        for number in range(10):
            image = torch.rand(3, 8, 10, generator=generator)
            write_png(image, tmp_path / f"faces/{name}/{number}.png")

    return tmp_path / "faces"


def fit(data: Path, out: Path, **options: object) -> Ended:
    return run("fit", data, *flags(**{"out": out, "epochs": 2, **options}))


def test_fit_writes_weights_a_card_and_a_page_and_nothing_else(
    faces: Path, tmp_path: Path
) -> None:
    out = tmp_path / "fitted" / "flow.safetensors"
    ended = fit(faces, out)
    page = out.with_suffix(".html").read_text()

    assert ended.code == 0, ended
    assert "18 images to train on, 2 held out" in ended.stderr
    assert "Expect " in ended.stderr
    assert "A Glow rather than flow matching, since it is faster" in ended.stderr
    assert "images are fewer than any flow was tried with here" in ended.stderr
    assert ended.stdout.splitlines()[-1] == str(out.resolve())
    assert "Was training long enough for fine detail? NO: " in ended.stdout
    assert zoo.card(out).recipe.settings["shape"] == [3, 8, 8]
    assert zoo.card(out).verdict in ended.stdout
    assert zoo.card(out).verdict in out.with_suffix(".md").read_text()
    assert zoo.card(out).figures.keys() == {"validation_bits_per_dim", "parameters"}
    assert "How good is this Glow?" in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert {file.name for file in out.parent.iterdir()} == {
        "flow.html",
        "flow.md",
        "flow.safetensors",
    }
    assert fit(faces, out).code == 2
    assert fit(faces, out, overwrite=True, quiet=True, epochs=1).code == 0


@pytest.mark.parametrize(
    ("generator", "title", "said"),
    [
        ("vae", "variational autoencoder", "most of an image come back"),
        ("flow-matching", "velocity field", "Do images come back"),
    ],
)
def test_other_generators_are_fitted_and_explain(
    generator: str, title: str, said: str, faces: Path, tmp_path: Path
) -> None:
    out = tmp_path / f"{generator}.safetensors"
    ended = fit(faces, out, generator=generator)
    page = out.with_suffix(".html").read_text()

    assert ended.code == 0, ended
    assert zoo.card(out).recipe.name == generator
    assert f"--generator {generator} " in zoo.card(out).command
    assert "rather than a Glow" in ended.stderr
    assert said in ended.stdout
    assert f"<h1>How good is this {title}?</h1>" in page
    assert ("--residual, which" in page) == (generator == "vae")
    assert isinstance(zoo.load(out), Coordinates)


def test_every_generator_has_a_name() -> None:
    assert get_args(GeneratorName) == tuple(fitting.GENERATORS)


def test_a_fit_that_was_interrupted_goes_on_to_the_same_weights(
    faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, parts = tmp_path / "whole.safetensors", tmp_path / "parts.safetensors"
    fit(faces, whole, quiet=True)

    with monkeypatch.context() as patch:

        def interrupted(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(fitting, "measure_quality", interrupted)

        assert fit(faces, parts, quiet=True).code == 130

    assert not parts.exists()
    assert (tmp_path / "parts.training" / "last.ckpt").is_file()
    assert "--resume" in fit(faces, parts).stderr
    assert "differs in seed" in fit(faces, parts, resume=True, seed=1).stderr
    assert (
        "differs in generator" in fit(faces, parts, resume=True, generator="vae").stderr
    )

    ended = fit(faces, parts, resume=True)
    one, other = (zoo.load(path).state_dict() for path in (whole, parts))

    assert ended.code == 0, ended
    assert not (tmp_path / "parts.training").exists()
    assert all(torch.equal(value, other[name]) for name, value in one.items())


def test_a_broken_checkpoint_is_refused_and_kept(faces: Path, tmp_path: Path) -> None:
    out, kept = tmp_path / "flow.safetensors", tmp_path / "flow.training"
    images = read_images(faces, resize=8).images
    options = FitOptions(str(faces), out, epochs=1)
    plan = TrainingPlan("small", 0.1, 18, 18, 1)
    plan_of(images, options, lambda: plan, resume=False)
    (kept / "last.ckpt").write_text("broken")
    ended = fit(faces, out, epochs=1, resume=True, quiet=True)

    assert ended.code == 2, ended
    assert ended.stderr.count("\n") == 1
    assert str(kept / "last.ckpt") in ended.stderr
    assert {path.name for path in kept.iterdir()} == {"plan.json", "last.ckpt"}


@pytest.mark.parametrize(
    ("seconds", "form", "images"),
    [(1e-6, "large", 1000), (0.01, "small", 1000), (5.0, "small", 128)],
)
def test_the_time_decides_how_large_a_flow_is_and_for_how_long(
    seconds: float, form: str, images: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "_seconds_a_step", lambda *_: seconds)
    x, options = torch.zeros(1000, 1, 8, 8), FitOptions("", Path("a.safetensors"), 0.25)
    plan = plan_training(GlowModel((1, 8, 8)), x, options, spent=0.0)

    assert (plan.form, plan.images) == (form, images)
    assert plan.steps * seconds <= max(15, 2 * seconds)
    assert plan.form in SIZES


def test_pictures_keep_their_side_where_it_is_small(
    faces: Path, tmp_path: Path
) -> None:
    np.save(tmp_path / "large.npy", np.zeros((1, 100, 90), np.float32))

    assert natural_side(str(faces), None) == 8
    assert natural_side(str(tmp_path / "large.npy"), None) == 64
    assert natural_side(str(faces), 32) == 32
