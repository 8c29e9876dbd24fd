"""Sheets of faces to look at."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import Tensor

from diffeo.coordinates.protocol import Coordinates
from diffeo.counterfactuals import Counterfactuals, concatenate
from diffeo.report.images import sheet, write_png
from reproduction.judged_figures import gallery_figure

__all__ = ["blind_sheet", "both_ways_figure", "sample_sheet"]

SAMPLES, COUNTED, ACROSS, EACH_WAY = 16, 50, 10, 2
ZOOM = 2  # pixels of the sheet for one of an image


def both_ways_figure(searches: Sequence[Mapping[str, Counterfactuals]]) -> Figure:
    """Draw the first faces of each search and target, and what became of them.

    Args:
        searches: Records of the same faces by where they were found.
    """

    few = [_first_of_each_target(found) for found in searches]

    return gallery_figure(
        {name: concatenate([found[name] for found in few]) for name in few[0]}
    )


@torch.no_grad()
def sample_sheet(places: Mapping[str, Coordinates], latent: int, path: Path) -> None:
    """Write what generators make of the same noise, two lines for each.

    Args:
        places: Their coordinates, in which data are distributed as standard noise.
        latent: Number of coordinates.
        path: Of the picture.
    """

    noise = torch.randn(SAMPLES, latent, generator=torch.Generator().manual_seed(0))
    faces = [place.decode(noise).clamp(0, 1) for place in places.values()]
    write_png(_enlarged(sheet(torch.cat(faces), across=SAMPLES // 2)), path)


def blind_sheet(
    found: Mapping[str, Counterfactuals], names: tuple[str, str], path: Path
) -> None:
    """Write faces, and below each its two counterfactuals in an order drawn at random.

    Which is the upper one is told by a file beside the picture, for after the count.

    Args:
        found: Records of the same faces by where they were found.
        names: The two to be compared.
        path: Of the picture.
    """

    one, other = (found[name].counterfactual[:COUNTED] for name in names)
    swapped = torch.rand(len(one), generator=torch.Generator().manual_seed(0)) < 0.5
    upper = torch.where(swapped[:, None, None, None], other, one)
    lower = torch.where(swapped[:, None, None, None], one, other)
    lines = (found[names[0]].factual[:COUNTED], upper, lower)
    blocks = zip(*(line.split(ACROSS) for line in lines), strict=True)
    drawn = [sheet(torch.cat(block), across=len(block[0])) for block in blocks]
    write_png(_enlarged(torch.cat(drawn, dim=1)), path)
    key = [names[int(each)] for each in swapped]
    path.with_suffix(".json").write_text(json.dumps(key))


def _first_of_each_target(
    found: Mapping[str, Counterfactuals],
) -> dict[str, Counterfactuals]:
    target = next(iter(found.values())).target
    rows = torch.cat(
        [(target == each).nonzero()[:EACH_WAY, 0] for each in target.unique()]
    )

    return {name: record.select(rows) for name, record in found.items()}


def _enlarged(image: Tensor) -> Tensor:
    return image.repeat_interleave(ZOOM, 1).repeat_interleave(ZOOM, 2)
