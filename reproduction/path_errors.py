"""How well a velocity field knows the paths from noise to an image."""

import torch
from torch import Tensor

from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.data.levels import to_8_bits
from diffeo.shapes import Images, Scores
from diffeo.training.flow_matching import NOISE, path_error

__all__ = ["path_errors"]


@torch.no_grad()
def path_errors(field: FlowMatching, x: Images, *, draws: int) -> Scores:
    """Return the mean squared error of velocities on paths from noise to each image.

    Summed over the times with a weight that never falls with noise, it would bound the
    log-density of noisy data from below. Unlike a log-density it needs no encoding and
    no determinants: so many evaluations of the field. All images share their draws.

    Source: Kingma and Gao, 2023, Understanding diffusion objectives as the ELBO with
    simple data augmentation, Section 4.

    Args:
        field: Coordinates whose velocities are asked.
        x: Images in [0, 1], which are rounded to 8 bits.
        draws: Number of draws of noise and time.
    """

    def error(image: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        rows = image.expand(draws, *image.shape)

        return path_error(field, rows, noise=NOISE, generator=generator)

    return torch.stack([error(image) for image in to_8_bits(x)])
