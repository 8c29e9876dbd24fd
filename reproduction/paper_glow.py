"""Flows of faces, chest X-rays and crowds: small ones, and the paper's."""

from collections.abc import Sequence
from dataclasses import asdict

from diffeo import zoo
from diffeo.models.flow.recipes import Level
from reproduction.experiment import Size

__all__ = ["glows", "paper_glow"]

LEVEL = Level(steps=32, width=512)
LEVELS = 4


def glows(
    channels: int, side: int, levels: Sequence[Level], **settings: float
) -> dict[Size, zoo.Recipe]:
    """Return a Glow of some levels, and that of the paper, by their sizes.

    Args:
        channels: Channels of the images.
        side: Their height and width.
        levels: Scales of the small one, finest first.
        settings: What else the recipe of the small one is told.
    """

    shape = {
        "shape": [channels, side, side],
        "levels": [asdict(level) for level in levels],
    }
    small = zoo.Recipe("glow", {**shape, **settings})

    return {"small": small, "paper": paper_glow(channels, side)}


def paper_glow(channels: int, side: int) -> zoo.Recipe:
    """Return a Glow of 4 levels of 32 additive couplings with 512 hidden channels.

    It has 61 million parameters for faces. The noise that it is trained with here is
    that of the smaller flows, not the 32 gray levels of the authors' faces and crowds.

    Source: the authors' code, github.com/annahdo/counterfactuals.

    Args:
        channels: Channels of the images.
        side: Their height and width.

    Example:
        >>> len(paper_glow(3, 64).settings["levels"])
        4
    """

    return zoo.Recipe(
        "glow",
        {
            "shape": [channels, side, side],
            "levels": [asdict(LEVEL) for _ in range(LEVELS)],
            "affine": False,
            "bins": 0,
            "networks": "plain",
        },
    )
