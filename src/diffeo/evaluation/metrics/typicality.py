"""Whether a density finds images as probable as real ones, no more and no less."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.batching import batches_of
from diffeo.shapes import Images, Scores

__all__ = ["LogDensity", "log_density", "typicality"]

LogDensity = Callable[[Images], Scores]
LEVELS = 256


@torch.no_grad()
def log_density(
    x: Images, log_prob: LogDensity, *, draws: int = 8, seed: int = 0
) -> Scores:
    """Return the mean log-density of images rounded to 8 bits and dequantized, in nats.

    Every image gets the same noise, so that two densities differ by their images alone.

    Args:
        x: Images in [0, 1].
        log_prob: Log-density of dequantized images, as of a flow.
        draws: Of the dequantization noise, over which the mean is taken.
        seed: Of the noise.

    Raises:
        ValueError: If there is not at least one draw.
    """

    if draws < 1:
        raise ValueError(f"draws must be at least 1, got {draws}")

    generator = torch.Generator().manual_seed(seed)
    rounded = (x.clamp(0, 1) * (LEVELS - 1)).round() / (LEVELS - 1)
    total = torch.zeros(len(x), dtype=x.dtype, device=x.device)

    for _ in range(draws):
        noise = torch.rand(x.shape[1:], generator=generator, dtype=x.dtype)
        shift = (noise.to(x.device) - 0.5) / (LEVELS - 1)
        total += torch.cat([log_prob(rows + shift) for rows in batches_of(rounded)])

    return total / draws


def typicality(density: Scores, reference: Float[Tensor, " references"]) -> Scores:
    """Return 1 − 2|q − ½|, with q the quantile of a density among those of real data.

    It is 1 for the median real datum and 0 for what is less, or more, probable than all
    real data: blank images can be far more probable than any real one. Real data have
    ½ on average.

    Source: Nalisnick, Matsukawa, Teh and Lakshminarayanan, 2019, Detecting
    out-of-distribution inputs to deep generative models using typicality, for why a
    density can be too high.

    Args:
        density: Of the images judged.
        reference: Of held-out real data, in the same manner.

    Raises:
        ValueError: If there are no real data.
    """

    if len(reference) == 0:
        raise ValueError("reference must have at least one row, got none")

    ordered = reference.sort().values.contiguous()
    values = density.contiguous()
    below = torch.searchsorted(ordered, values)
    upto = torch.searchsorted(ordered, values, right=True)
    quantile = (below + upto).to(values.dtype) / (2 * len(ordered))

    return 1 - 2 * (quantile - 0.5).abs()
