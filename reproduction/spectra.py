"""Figure 7 for images: few directions in which faces, hearts and crowds can change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from diffeo.data.celeba import celeba
from diffeo.data.chexpert import chexpert
from diffeo.data.mall import mall
from diffeo.geometry.singular import top_singular
from diffeo.models.flow.flow import Flow, as_flow
from diffeo.progress import track
from diffeo.shapes import Images, Indices
from diffeo.training.batches import to_images
from diffeo.training.fit import training_device
from diffeo.workflows.spectrum import Spectra, dimension_figures
from reproduction.celeba.training import SIZE as FACE
from reproduction.chest.training import SIZE as CHEST
from reproduction.domain import trained
from reproduction.experiment import Experiment, ExperimentOptions, Findings
from reproduction.figures import saved, spectra_figure
from reproduction.mall.training import SIZE as PATCH

__all__ = ["SPECTRA"]

Reader = Callable[[Path | None, int | None], Tensor]
IMAGES: Mapping[str, tuple[str, Reader]] = {
    "celeba": (
        "celeba-flow",
        lambda data, limit: celeba("test", data, size=FACE, limit=limit).pixels,
    ),
    "chest_xray": (
        "chest-flow",
        lambda data, limit: (
            chexpert("validation", data, size=CHEST, limit=limit).pixels
        ),
    ),
    "mall": (
        "mall-flow",
        lambda data, limit: mall("test", data, size=PATCH, limit=limit).pixels,
    ),
}
"""The flow of each data set, and what reads held-out images of 8 bits."""


@dataclass(frozen=True)
class Scale:
    """How large the experiment is.

    Args:
        points: Images of each data set.
        count: Largest eigenvalues at each.
        blocks: Blocks of the Krylov space that they are looked for in.
        limit: Most images, or frames, that are read; all if not given.
    """

    points: int
    count: int
    blocks: int
    limit: int | None = None


CHUNK = 200  # directions that are carried together
FULL, QUICK = Scale(64, 500, 2), Scale(1, 2, 2, limit=2)


def measure_spectra(options: ExperimentOptions) -> Findings:
    """Measure the largest eigenvalues of γ⁻¹ at images of each data set, matrix-free.

    They are found on an accelerator if there is one: on two cores it takes days.

    Args:
        options: Where the data are, and whether to be quick.
    """

    scale = QUICK if options.quick else FULL
    device = training_device("auto")
    results: dict[str, float] = {}
    found: dict[str, Spectra] = {}

    for name, (weights, read) in IMAGES.items():
        pixels = read(options.data, scale.limit)
        x = to_images(pixels[_spread(len(pixels))[: scale.points]])
        flow = as_flow(trained(weights)).to(device)
        found[name] = _spectra(flow, x.to(device), scale, shown=options.progress)
        results |= {
            f"{name}_dimensions": float(x[0].numel()),
            f"{name}_eigenvalue_first": found[name][:, 0].mean().item(),
            f"{name}_eigenvalue_last": found[name][:, -1].mean().item(),
            **{
                f"{name}_{key}": value
                for key, value in dimension_figures(found[name]).items()
            },
        }

    return Findings(results, {"spectrum.png": saved(lambda: spectra_figure(found))})


def _spread(count: int) -> Indices:
    """Return a hundred places spread over so many, the first few of them widely too."""

    tens = torch.arange(100).reshape(10, 10).T.flatten()

    return tens[tens < count] * max(1, count // 100)


def _spectra(flow: Flow, x: Images, scale: Scale, *, shown: bool) -> Spectra:
    """Return the largest eigenvalues at each image, from the same first directions."""

    with torch.no_grad():
        rows = flow.encode(x).split(1)

    found = [
        top_singular(
            flow.decode,
            z,
            count=scale.count,
            generator=torch.Generator(x.device).manual_seed(0),
            blocks=scale.blocks,
            chunk=CHUNK,
        )
        for z in track(rows, "Spectra", shown=shown)
    ]

    return torch.cat([each.values for each in found]).square().cpu()


SPECTRA = Experiment(
    "spectra",
    "Figure 7 for faces, X-rays and crowds: the largest eigenvalues of γ⁻¹.",
    measure_spectra,
)
