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
from diffeo.report.path_frames import reel_of, reels
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


def test_a_reel_runs_from_the_start_to_the_counterfactual(
    record: Counterfactuals,
) -> None:
    found = reels(record, Bounded(tiny_flow()), frames=5)

    for row, reel in enumerate(found):
        steps = int(record.steps[row])
        middle = Bounded(tiny_flow()).decode(record.path[row, list(reel.steps)])

        assert reel.steps[0] == 0
        assert reel.steps[-1] == steps
        assert len(reel.steps) == len(reel.images) == min(5, steps + 1)
        torch.testing.assert_close(reel.images, middle)
        assert torch.equal(reel.images[-1], record.counterfactual[row])
        assert reel.margin[-1] == record.margin[row].item()


def test_a_thin_reel_keeps_both_ends(record: Counterfactuals) -> None:
    reel = reel_of(record, Bounded(tiny_flow()), 0, frames=9)
    thin = reel.thin(3)

    assert len(thin.steps) == 3
    assert (thin.steps[0], thin.steps[-1]) == (reel.steps[0], reel.steps[-1])
    assert torch.equal(thin.images[-1], reel.images[-1])


def test_a_record_without_its_path_has_no_reel(record: Counterfactuals) -> None:
    pathless = Counterfactuals(
        **{
            **record.tensors(),
            "path": record.path[:, :0],
            "path_margin": record.path_margin[:, :0],
        },
        settings={},
    )

    with pytest.raises(ValueError, match="path=True"):
        reels(pathless, tiny_flow())


@pytest.mark.parametrize(
    "other", [tiny_flow(realnvp), principal_axes(images(64), count=6)]
)
def test_other_coordinates_are_refused(record: Counterfactuals, other: object) -> None:
    with pytest.raises(ValueError, match="coordinates must"):
        reels(record, other)  # type: ignore[arg-type]


def test_rows_that_do_not_exist_are_refused(record: Counterfactuals) -> None:
    with pytest.raises(ValueError, match="row must be from 0 to 2, got 3"):
        reel_of(record, tiny_flow(), 3, frames=9)


def test_an_animation_goes_there_and_back_forever(
    record: Counterfactuals, tmp_path: Path
) -> None:
    reel = reel_of(record, Bounded(tiny_flow()), 0, frames=5)
    count = len(reel.steps)
    write_animation(reel, ["caption"] * count, tmp_path / "path.gif")

    with Image.open(tmp_path / "path.gif") as file:
        assert sum(1 for _ in ImageSequence.Iterator(file)) == 2 * count - 2
        assert file.info["loop"] == 0
        assert max(file.size) >= 320


def test_an_animation_wants_a_caption_for_each_frame(
    record: Counterfactuals, tmp_path: Path
) -> None:
    reel = reel_of(record, Bounded(tiny_flow()), 0, frames=5)

    with pytest.raises(ValueError, match="captions must be one for each"):
        write_animation(reel, [], tmp_path / "path.gif")
