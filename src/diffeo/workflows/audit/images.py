"""Images under audit: where they changed, in what light, and pictures of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from diffeo.data.levels import to_8_bits
from diffeo.report.images import change_sheet, common_limit, signed_difference
from diffeo.report.section import Section
from diffeo.workflows.audit.changes import (
    coarse,
    grid_regions,
    read_regions,
    region_shares,
)
from diffeo.workflows.audit.explained import Explained, Measured
from diffeo.workflows.audit.judges import OF_IMAGES
from diffeo.workflows.explain.images import ImagesToExplain
from diffeo.workflows.loading import side_for

__all__ = ["AuditedImages"]

TOP = 5  # regions that are listed
LEAST = 2  # images of least change that are shown
ENLARGED = 128  # pixels a side to which small pictures are enlarged
GAP = 16  # white pixels between pictures and what sums them up
LOST = (
    "The coordinates are approximate: searches began at the reconstruction r of each "
    "image x, and all changes are counted from there. What was lost before, ‖r − x‖ of "
    "{:.3g} in the median, is no part of any change."
)


@dataclass(frozen=True, eq=False)
class AuditedImages:
    """Images, and the regions in which their changes are counted.

    Args:
        source: The images.
        regions: Masks of shape (height, width) by name.

    Example:
        >>> from diffeo.data.images import ImageFiles
        >>> images = ImageFiles(torch.zeros(1, 1, 8, 8), ())
        >>> AuditedImages(ImagesToExplain(images), {}).noun
        'images'
    """

    source: ImagesToExplain
    regions: Mapping[str, Tensor]

    noun, unit = "images", ""  # what they are called; what follows their distances
    judges = OF_IMAGES
    limits = (  # what an audit of them cannot say
        "What is seen here was enough to change the model’s answer, along images that "
        "the generator knows. It does not say that nothing else would be enough, nor "
        "that the model always looks at it, nor what causes what in the world.",
        "The generator has its own gaps: what it cannot draw cannot be found. Changes "
        "that go together in its training images (hair and light, say) come together "
        "here too.",
        "The images are a sample; intervals hold the median of such samples 95 times "
        "in 100.",
    )

    @classmethod
    def read(
        cls,
        path: str,
        coordinates: str,
        regions: Path | None,
        *,
        crop: int | None,
        resize: int | None,
    ) -> "AuditedImages":
        """Read images, and the regions in which their changes are counted.

        Args:
            path: The images, as for `find_images`.
            coordinates: Those of the search, whose side pictures get if none is given.
            regions: A folder of masks; the cells of a grid if not given.
            crop: Side in pixels of the square cut out of each picture's middle.
            resize: Side in pixels to which each picture is resized.
        """

        sides = {"crop": crop, "resize": side_for(path, coordinates, resize)}
        source = ImagesToExplain.read(path, coordinates, **sides)
        height, width = source.rows.images.shape[2:]
        masks = (
            read_regions(regions, (height, width), **sides)
            if regions
            else grid_regions(height, width)
        )

        return cls(source, masks)

    def measured(self, explained: Explained) -> Measured:
        """Return what changed in the images that reached their answer."""

        found, direction = explained.found, explained.direction
        changes = found.change
        mean = coarse(changes.mean((0, 1), keepdim=True))[0, 0]
        kept = direction.holds(explained.answers(to_8_bits(found.counterfactual)))
        told = {
            "reconstruction_error": found.reconstruction_error.median().item(),
            "from_reconstruction": not torch.equal(found.start, found.factual),
            "after_8_bits": kept.double().mean().item(),
            "brighter": changes.mean().item(),
            "regions": {
                name: {"change": share, "area": area}
                for name, (share, area) in region_shares(changes, self.regions).items()
            },
            "map": mean.double().round(decimals=6).tolist(),
        }

        return Measured(found.change_length, coarse(changes).flatten(1), told)

    def words(self, told: dict[str, Any]) -> list[str]:
        """Return where images changed, in sentences.

        Args:
            told: Of the direction, as audit.json holds it.
        """

        (region, top), *_ = told["regions"].items()
        brighter, kept = told["brighter"], told["after_8_bits"]
        light = "brighter" if brighter > 0 else "darker"
        rounded = f"Rounded to 8 bits, {kept:.0%} still have that answer."

        return [
            f"They became {light} by {abs(brighter):.1%} of the range on average.",
            f"The largest share of the change, {top['change']:.0%}, lies in {region} "
            f"({top['area']:.0%} of the area).",
            *([rounded] if kept < 1 else []),
        ]

    def most(self, told: dict[str, Any]) -> str:
        """Return the region with the largest share of the change, and that share."""

        (region, top), *_ = told["regions"].items()

        return f"{top['change']:.0%} of the change in {region}"

    def sections(self, explained: Explained) -> list[Section]:
        """Return a table of regions, and pictures.

        Args:
            explained: The direction.
        """

        told = explained.told
        lost = LOST.format(told["reconstruction_error"])
        table = [
            ("where", "share of the change", "share of the area", "times its area"),
            *(
                (
                    name,
                    f"{found['change']:.0%}",
                    f"{found['area']:.0%}",
                    f"{found['change'] / found['area']:.1f}",
                )
                for name, found in islice(told["regions"].items(), TOP)
            ),
        ]
        text = [lost] if told["from_reconstruction"] else []

        return [Section("", text, table, _drawn(explained))]

    def draw(self, explained: Explained, folder: Path) -> None:
        """Draw the page of a direction.

        Args:
            explained: The direction.
            folder: Where its record lies.
        """

        record = explained.record
        self.source.draw(record, len(record), explained.search, folder)


def _drawn(explained: Explained) -> list[tuple[str, Tensor]]:
    """Return mean changes, and of each kind the typical one, the odd one, the mean."""

    record, told = explained.found, explained.told
    changes = record.change
    limit = common_limit([record], range(len(record)))
    least = record.change_length.argsort()[:LEAST].tolist()
    stages = [record.factual, record.start, record.counterfactual]
    words = "before, reconstruction, after, difference of these two"

    if not told["from_reconstruction"]:
        stages, words = stages[::2], "before, after, difference"

    def drawn(rows: list[int]) -> Tensor:
        return change_sheet([_enlarged(x[rows]) for x in stages], limit)

    shown = [
        _mean("mean change: orange became brighter, blue darker", changes.mean(0)),
        _mean("mean size of the change, whatever its sign", changes.abs().mean(0)),
        (
            f"least change: {words} (full color at ±{limit:g})",
            drawn(least),
        ),
    ]
    clusters = told["clusters"]

    for number, cluster in enumerate(clusters, 1):
        members = cluster["members"]
        ends = members[:1] if len(members) == 1 else [members[0], members[-1]]
        said, mean = _mean("right: their mean change", changes[members].mean(0))
        caption = (
            f"kind of change {number} of {len(clusters)}, {len(members)} images; "
            f"the most typical, {cluster['closest']}, and the oddest, "
            f"{cluster['furthest']}; {said}"
        )
        shown.append((caption, _beside(drawn(ends), mean)))

    return shown


def _mean(caption: str, mean: Tensor) -> tuple[str, Tensor]:
    """Return a mean change in colors, full where it is greatest, and what it is."""

    greatest = mean.abs().max().clamp(min=1e-6).item()
    colored = signed_difference(torch.zeros_like(mean), mean, greatest)

    return f"{caption} (full color at ±{greatest:.2g})", _enlarged(colored)


def _beside(pictures: Tensor, picture: Tensor) -> Tensor:
    """Return pictures with one more to the right of the first line."""

    below = pictures.shape[1] - picture.shape[1]
    right = pad(picture, (GAP, 0, 0, below), value=1.0)

    return torch.cat((pictures, right), dim=2)


def _enlarged(image: Tensor) -> Tensor:
    times = max(1, ENLARGED // max(image.shape[-2:]))

    return image.repeat_interleave(times, -2).repeat_interleave(times, -1)
