"""Why fours become nines along the data: the geometry of digits."""

import math
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from matplotlib.figure import Figure

from diffeo.counterfactuals import Counterfactuals
from diffeo.geometry.singular import Singular, top_singular
from diffeo.geometry.tangent import (
    Tangent,
    neighbor_tangent,
    share_along,
    tangent_space,
)
from diffeo.models.flow.bijection import initialize
from diffeo.models.flow.flow import Flow
from diffeo.models.flow.recipes import Level, glow
from diffeo.search import Run
from diffeo.shapes import Images, Scores
from diffeo.workflows.spectrum import dimension_figures, spectra
from reproduction.experiment import (
    Experiment,
    ExperimentOptions,
    Findings,
    apply_rules,
    mean,
)
from reproduction.figures import box_plot, saved, spectra_figure
from reproduction.mnist.setup import IN_X, Setup, Size

__all__ = ["MNIST_GEOMETRY"]

NEIGHBORS = 200
COMPARED = 3  # digits at which both ways to singular values are compared
OWN = 50  # fours at which the flow's own tangent spaces are taken
NAMES = {
    "latent": "found in Z",
    "data": "found in X",
    "untrained": "found in untrained Z",
}


@dataclass(frozen=True)
class Scale:
    """How large the experiment is.

    Args:
        size: How much of MNIST is taken.
        spectra: Digits whose spectra are averaged.
        axes: Dimension of the tangent spaces.
        side: Side of the color images of the large flow, in pixels.
    """

    size: Size
    spectra: int
    axes: int
    side: int


FULL = Scale(Size(200, Run(2000)), spectra=100, axes=50, side=64)
QUICK = Scale(Size(1, Run(600), train=200), spectra=1, axes=4, side=8)


def measure_mnist_geometry(options: ExperimentOptions) -> Findings:
    """Measure the metric of the digits' flow and how far changes keep to the data.

    Args:
        options: Where the data are, and whether to be quick.
    """

    scale = QUICK if options.quick else FULL
    setup = Setup.load(options, scale.size)
    flow, fours = setup.flow, setup.fours
    records = {
        "latent": setup.search(),
        "data": setup.search(IN_X),
        "untrained": setup.control(),
    }
    tangent = neighbor_tangent(
        fours, setup.train.images, neighbors=NEIGHBORS, dimension=scale.axes
    )
    own = tangent_space(_top(flow, fours[:OWN], scale.axes, seed=0), scale.axes)
    shares = _shares(records, tangent)
    chance = scale.axes / math.prod(flow.shape)
    digits = setup.test.images[: scale.spectra]
    found = {
        "trained flow": spectra(digits, flow, progress=options.progress),
        "untrained flow": spectra(digits, setup.untrained, progress=options.progress),
    }
    untrained = dimension_figures(found["untrained flow"])
    dense = found["trained flow"][:COMPARED, : scale.axes].sqrt()
    free = _top(flow, digits[:COMPARED], scale.axes, seed=1).values
    results = {
        **dimension_figures(found["trained flow"]),
        **{f"{name}_untrained": value for name, value in untrained.items()},
        "topk_relative_error": ((free - dense).abs() / dense).max().item(),
        **apply_rules({"on_manifold_share_{}": mean}, shares),
        "on_manifold_share_isotropic": chance,
        **apply_rules({"flow_tangent_share_{}": mean}, _shares(records, own)),
        **_large_flow(scale.side),
    }

    return Findings(
        results,
        {
            "spectrum.png": saved(lambda: spectra_figure(found)),
            "shares.png": saved(lambda: _share_figure(shares, chance)),
        },
    )


def _top(flow: Flow, x: Images, count: int, *, seed: int) -> Singular:
    with torch.no_grad():
        z = flow.encode(x)

    generator = torch.Generator().manual_seed(seed)

    return top_singular(flow.decode, z, count=count, generator=generator)


def _shares(
    records: Mapping[str, Counterfactuals], tangent: Tangent
) -> dict[str, Scores]:
    """Return the share of each change in tangent spaces at the first few factuals.

    Rows that did not reach the target are left out.
    """

    shares = {}

    for name, record in records.items():
        rows = slice(min(len(tangent), len(record)))
        change = (record.counterfactual - record.factual)[rows]
        reached = record.reached[rows]
        shares[name] = share_along(change[reached], tangent[rows][reached])

    return shares


def _large_flow(side: int) -> dict[str, float]:
    """Return time and memory of the top 100 of an untrained flow of color images."""

    flow = glow((3, side, side), [Level(4, 64)] * min(4, int(math.log2(side))))
    generator = torch.Generator().manual_seed(2)
    initialize(flow, torch.rand(8, 3, side, side, generator=generator))
    flow.eval().requires_grad_(requires_grad=False)
    latent = 3 * side**2
    z = torch.randn(1, latent, generator=generator)
    begun = time.perf_counter()
    top_singular(flow.decode, z, count=100, generator=generator, chunk=32)

    return {
        "top100_dimensions": float(latent),
        "top100_seconds": time.perf_counter() - begun,
        **peak_memory(),
    }


def peak_memory() -> dict[str, float]:
    """Return the largest memory that this process ever had, where systems tell it."""

    try:
        import resource
    except ModuleNotFoundError:  # on Windows
        return {}

    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

    return {"top100_peak_gib": peak / 2**30}


def _share_figure(shares: Mapping[str, Scores], chance: float) -> Figure:
    values = {NAMES[name]: each.double().numpy() for name, each in shares.items()}
    figure = box_plot(values, "share of |x′ − x|² in the data's tangent space")
    axes = figure.axes[0]
    axes.axvline(chance, color="black", linestyle="--", label="a random direction")
    axes.set_xlim(0, 1)
    axes.legend(frameon=False)

    return figure


MNIST_GEOMETRY = Experiment(
    "mnist-geometry",
    "MNIST: the metric of the flow, and how far changes keep to the data.",
    measure_mnist_geometry,
)
