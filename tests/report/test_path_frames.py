from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageSequence

from diffeo.ascents import NormalizedGradient
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.linear import principal_axes
from diffeo.counterfactuals import Counterfactuals
from diffeo.explain import explain
from diffeo.models.flow.recipes import realnvp
from diffeo.report.animation import write_animation
from diffeo.report.path_frames import path_frames
from diffeo.search import Run
from laws import images, tiny_classifier, tiny_flow


@pytest.fixture(scope="module")
def record() -> Counterfactuals:
    return explain(
        images(3),
        tiny_classifier(3),
        tiny_flow(),
        target=2,
        ascent=NormalizedGradient(0.2),
        run=Run(steps=12, path=True),
    )


def test_frames_run_from_the_start_to_the_counterfactual(
    record: Counterfactuals,
) -> None:
    found = path_frames(record, Bounded(tiny_flow()), [2, 0], count=5)

    for row, frames in zip([2, 0], found, strict=True):
        path = record.paths[row]
        kept = torch.isin(path.steps, torch.tensor(frames.steps))
        middle = Bounded(tiny_flow()).decode(path.latent[kept])

        assert frames.steps[0] == 0
        assert frames.steps[-1] == int(record.steps[row])
        assert len(frames.steps) == len(frames.images) == min(5, len(path.steps))
        torch.testing.assert_close(frames.images, middle)
        assert torch.equal(frames.images[-1], record.counterfactual[row])
        assert frames.margin[-1] == record.margin[row].item()


def test_a_record_without_its_paths_has_no_frames(record: Counterfactuals) -> None:
    with pytest.raises(ValueError, match="holds no path"):
        path_frames(replace(record, paths=()), tiny_flow(), [0], count=5)


@pytest.mark.parametrize(
    "other", [tiny_flow(realnvp), principal_axes(images(64), count=6)]
)
def test_other_coordinates_are_refused(record: Counterfactuals, other: object) -> None:
    with pytest.raises(ValueError, match="coordinates must"):
        path_frames(record, other, [0], count=5)  # type: ignore[arg-type]


def test_rows_that_do_not_exist_are_refused(record: Counterfactuals) -> None:
    with pytest.raises(ValueError, match="row must be from 0 to 2, got 3"):
        path_frames(record, tiny_flow(), [3], count=9)


def test_an_animation_goes_there_and_back_forever(
    record: Counterfactuals, tmp_path: Path
) -> None:
    (frames,) = path_frames(record, Bounded(tiny_flow()), [0], count=5)
    count = len(frames.steps)
    write_animation(frames, ["caption"] * count, tmp_path / "path.gif")

    with Image.open(tmp_path / "path.gif") as file:
        assert sum(1 for _ in ImageSequence.Iterator(file)) == 2 * count - 2
        assert file.info["loop"] == 0
        assert max(file.size) >= 320


def test_an_animation_of_other_data_is_refused(
    record: Counterfactuals, tmp_path: Path
) -> None:
    (frames,) = path_frames(record, Bounded(tiny_flow()), [0], count=5)
    flat = replace(frames, images=frames.images.flatten(1))

    with pytest.raises(ValueError, match="one or three channels"):
        write_animation(flat, ["caption"] * len(frames.steps), tmp_path / "path.gif")
