"""Where heads are, by a mixture of normal distributions on a network's map."""

import warnings

import torch
from jaxtyping import Float
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from torch import Tensor

from diffeo.models.locator import Locator
from diffeo.shapes import Images

__all__ = ["head_places"]

DRAWS = 2000  # places that are drawn by their probability


@torch.no_grad()
def head_places(
    model: Locator, x: Images, *, seed: int = 0
) -> list[Float[Tensor, "heads 2"]]:
    """Return x and y of each head, in pixels of each image.

    There are as many as the network counts, rounded: the means of as many normal
    distributions that are fitted to its map.

    Source: Dombrowski et al., 2024, Section IV-B.3, Figure 12.

    Args:
        model: Counts and locates.
        x: Images.
        seed: Seed of the mixtures.
    """

    maps, counts = model.map_and_count(x)
    generator = torch.Generator().manual_seed(seed)
    width = maps.shape[2]
    found = []

    for probability, count in zip(maps, counts.round().int().tolist(), strict=True):
        if count == 0:
            found.append(torch.zeros(0, 2))

            continue

        drawn = probability.flatten().multinomial(
            DRAWS, replacement=True, generator=generator
        )
        places = torch.stack((drawn % width, drawn // width), dim=1) + 0.5
        mixture = GaussianMixture(count, random_state=seed)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            mixture.fit(places.numpy())

        found.append(torch.from_numpy(mixture.means_).float())

    return found
