"""Why fours become nines along the data: the geometry of digits."""

import math
import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from diffeo import zoo
from diffeo.batching import batches_of
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.mnist import mnist
from diffeo.experiments.fours import (
    CONTROL_ROWS,
    CONTROL_STEPS,
    SOURCE,
    adversarial,
    counterfactual,
    digits_flow,
    right_digits,
    untrained_flow,
)
from diffeo.experiments.results import Reproduction, show_table, write_results
from diffeo.experiments.spectra import Spectra, spectra, summary
from diffeo.geometry.singular import top_singular
from diffeo.geometry.spectrum import average_spectrum
from diffeo.geometry.tangent import (
    Tangent,
    neighbor_tangent,
    share_along,
    tangent_space,
)
from diffeo.models.flow.bijection import initialize
from diffeo.models.flow.flow import Flow
from diffeo.models.flow.recipes import Level, glow
from diffeo.report.spectrum_figures import share_figure, spectrum_figure
from diffeo.search import Run
from diffeo.shapes import Images, Scores

__all__ = ["reproduce_mnist_geometry"]

AXES = 50  # dimension of the tangent spaces
NEIGHBORS = 200
NAMES = {
    "latent": "found in Z",
    "data": "found in X",
    "untrained": "found in untrained Z",
}


@dataclass(frozen=True)
class Scale:
    """How large the experiment is.

    Args:
        fours: To be turned into nines.
        train: Digits that the tangent spaces of the data come from.
        spectra: Digits whose spectra are averaged.
        compared: Digits at which both ways to singular values are compared.
        own: Fours at which the flow's own tangent spaces are taken.
        steps: Most steps of a search.
        side: Of the color images of the large flow.
    """

    fours: int = 200
    train: int | None = None
    spectra: int = 100
    compared: int = 3
    own: int = 50
    steps: int = 2000
    side: int = 64


FULL = Scale()
QUICK = Scale(4, 1000, spectra=1, compared=1, own=1, steps=600, side=8)


def reproduce_mnist_geometry(how: Reproduction) -> dict[str, float]:
    """Measure the metric of the digits' flow and how far changes keep to the data.

    The control, an untrained flow of the same shape, gets fewer fours and steps.

    Args:
        how: Where the data are, where the results go, and whether to be quick.

    Returns:
        The results by name, as in results.json.
    """

    scale = QUICK if how.quick else FULL
    train, test = mnist("train", how.data), mnist("test", how.data)
    train = train.select(slice(scale.train))
    flow, untrained = digits_flow(), untrained_flow(train)
    model = zoo.load("mnist-cnn")
    fours = right_digits(test, model, digit=SOURCE, count=scale.fours)
    run = Run(steps=scale.steps, progress=how.progress)
    records = {
        "latent": counterfactual(fours, model, flow, run=run),
        "data": adversarial(fours, model, run=run),
        "untrained": counterfactual(
            fours[:CONTROL_ROWS],
            model,
            untrained,
            run=replace(run, steps=min(run.steps, CONTROL_STEPS)),
        ),
    }
    data_tangent = neighbor_tangent(
        fours, train.images, neighbors=NEIGHBORS, dimension=AXES
    )
    shares = _shares(records, data_tangent)
    own = _shares(records, _flow_tangent(flow, fours[: scale.own]))
    digits = test.images[: scale.spectra]
    found = {
        "trained flow": spectra(digits, flow, progress=how.progress),
        "untrained flow": spectra(digits, untrained, progress=how.progress),
    }
    results = {
        **summary(found["trained flow"]),
        **_suffixed(summary(found["untrained flow"]), "untrained"),
        "topk_relative_error": _compare(flow, digits[: scale.compared], found),
        **_means(shares, "on_manifold_share"),
        "on_manifold_share_isotropic": AXES / math.prod(flow.shape),
        **_means(own, "flow_tangent_share"),
        **_large_flow(scale.side),
    }
    averages = {name: average_spectrum(values) for name, values in found.items()}
    spectrum_figure(
        {name: values.double().numpy() for name, values in averages.items()}
    ).savefig(how.out / "spectrum.png", dpi=150)
    share_figure(
        {NAMES[name]: values.double().numpy() for name, values in shares.items()},
        AXES / math.prod(flow.shape),
    ).savefig(how.out / "shares.png", dpi=150)
    write_results(results, how.out)
    show_table("The geometry of digits", results, {})

    return results


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


def _flow_tangent(flow: Flow, x: Images) -> Tangent:
    with torch.no_grad():
        z = flow.encode(x)

    generator = torch.Generator().manual_seed(0)
    found = [
        top_singular(flow.decode, row, count=AXES, generator=generator)
        for row in batches_of(z, 1)
    ]

    return torch.cat([tangent_space(row, AXES) for row in found])


def _compare(flow: Flow, x: Images, found: Mapping[str, Spectra]) -> float:
    """Return the largest relative error of the matrix-free singular values."""

    with torch.no_grad():
        z = flow.encode(x)

    generator = torch.Generator().manual_seed(1)
    dense = found["trained flow"][: len(x), :AXES].sqrt()
    free = top_singular(flow.decode, z, count=AXES, generator=generator).values

    return ((free - dense).abs() / dense).max().item()


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
        "top100_peak_gib": _peak_gib(),
    }


def _peak_gib() -> float:
    """Return the largest memory that this process ever had."""

    unit = 1 if sys.platform == "darwin" else 1024

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def _means(shares: Mapping[str, Tensor], prefix: str) -> dict[str, float]:
    return {
        f"{prefix}_{name}": values.double().mean().item()
        for name, values in shares.items()
    }


def _suffixed(results: Mapping[str, float], suffix: str) -> dict[str, float]:
    return {f"{name}_{suffix}": value for name, value in results.items()}
