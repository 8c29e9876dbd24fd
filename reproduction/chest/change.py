"""Where in a chest a change goes, and how much wider it makes the heart."""

from collections.abc import Mapping

import torch
from jaxtyping import Bool
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from torch import Tensor, nn

from diffeo.evaluation.intervals import interval_of, mean
from diffeo.shapes import Images, Scores
from reproduction.chest.ratio import HEART, cardiothoracic_ratio, found_organs
from reproduction.domain import DATA, LATENT, Found

__all__ = ["change_figure", "change_results", "growths"]

Region = Bool[Tensor, "batch 1 height width"]


def growths(organs: nn.Module, found: Found) -> dict[str, Scores]:
    """Return the change of the ratio in each row that reached its target, else NaN.

    Source: Singla et al., 2023, Explaining the black-box smoothly: a counterfactual
    approach, Section 4.4, for the ratio as a test of counterfactuals.

    Args:
        organs: Finds heart and lungs.
        found: Counterfactuals by where they were found, of the same factuals.
    """

    before = cardiothoracic_ratio(found_organs(organs, found[LATENT].factual))
    after = {
        name: cardiothoracic_ratio(found_organs(organs, record.counterfactual))
        for name, record in found.items()
    }

    return {
        name: (after[name] - before).double().masked_fill(~record.reached, torch.nan)
        for name, record in found.items()
    }


def change_results(
    organs: nn.Module, found: Found, growths: Mapping[str, Scores]
) -> dict[str, float]:
    """Return mean growths, and shares of the change in heart, lungs and elsewhere.

    Growths in Z are compared with those in X of the same factuals, whole and halved: X
    has less than half of them if half of them less X is above 0.

    Args:
        organs: Finds heart and lungs.
        found: Counterfactuals by where they were found, of the same factuals.
        growths: How the ratio changed in each row, by where it was found.
    """

    regions = _regions(organs, found[LATENT].factual)
    ahead = growths[LATENT] - growths[DATA]
    half_ahead = growths[LATENT] / 2 - growths[DATA]
    results = {
        **interval_of(ahead, mean).as_results("ctr_change_latent_minus_data"),
        **interval_of(half_ahead, mean).as_results("ctr_half_latent_minus_data"),
    }

    for name, record in found.items():
        results |= interval_of(growths[name], mean).as_results(
            f"ctr_change_{name}_mean"
        )
        change = (record.counterfactual - record.factual).abs().double()
        change = change.masked_fill(~record.reached[:, None, None, None], torch.nan)

        for part, region in regions.items():
            shares = (change * region).sum((1, 2, 3)) / change.sum((1, 2, 3))
            found_share = interval_of(shares, mean)
            results |= found_share.as_results(f"change_share_{part}_{name}")
            results[f"area_share_{part}"] = region.double().mean().item()

    return results


def _regions(organs: nn.Module, x: Images) -> dict[str, Region]:
    """Return where heart and lungs are in each image, and where neither is."""

    masks = found_organs(organs, x)
    heart, any_organ = masks[:, [HEART]], masks.any(1, keepdim=True)

    return {"heart": heart, "lungs": any_organ & ~heart, "elsewhere": ~any_organ}


def change_figure(cases: Mapping[str, Found]) -> Figure:
    """Draw the mean signed change of those that reached their targets.

    Args:
        cases: What was asked, then where it was found.
    """

    spaces = {"Z": LATENT, "X": DATA}
    size = 2.4 * len(cases), 2.6 * len(spaces)
    figure = Figure(figsize=size, layout="constrained")
    plots = figure.subplots(len(spaces), len(cases), squeeze=False)

    for line, (space, name) in zip(plots, spaces.items(), strict=True):
        for axes, (case, found) in zip(line, cases.items(), strict=True):
            record = found[name].select(found[name].reached)
            drawn = _mean_change(axes, record.counterfactual - record.factual)
            figure.colorbar(drawn, ax=axes, shrink=0.8)
            axes.set_title(f"{case}, in {space} ({len(record)})", fontsize=8)

    return figure


def _mean_change(axes: Axes, change: Images) -> AxesImage:
    shown = change.mean((0, 1)) if len(change) else torch.zeros(1, 1)
    most = shown.abs().max().item() or 1.0
    axes.set(xticks=[], yticks=[])

    return axes.imshow(shown.numpy(), cmap="RdBu_r", vmin=-most, vmax=most)
