"""How well autoencoders of single classes reproduce counterfactuals: IM1 and IM2."""

from collections.abc import Callable

import torch

from diffeo.shapes import Data, Scores

__all__ = ["Autoencoder", "im1", "im2"]

Autoencoder = Callable[[Data], Data]
EPSILON = 1e-6


@torch.no_grad()
def im1(
    x: Data,
    *,
    source: Autoencoder,
    target: Autoencoder,
    power: int = 1,
    epsilon: float = EPSILON,
) -> Scores:
    """Return the target's reconstruction error over the source's: lower is better.

    ‖x′ − AE_target(x′)‖ᵖ / (‖x′ − AE_source(x′)‖ᵖ + ε), with p = 1 in the first source
    and p = 2 in the second. It means something only if the autoencoders are too small
    to reproduce other classes than their own.

    Source: Dombrowski et al., 2024, equation (24). Van Looveren and Klaise, 2021,
    Interpretable counterfactual explanations guided by prototypes, equation (5).

    Args:
        x: Counterfactuals.
        source: An autoencoder of the factuals' class.
        target: An autoencoder of the class aimed at.
        power: Of the norms.
        epsilon: Keeps the quotient finite.
    """

    return _error(x, target(x), power) / (_error(x, source(x), power) + epsilon)


@torch.no_grad()
def im2(
    x: Data,
    *,
    target: Autoencoder,
    every: Autoencoder,
    power: int = 2,
    epsilon: float = EPSILON,
) -> Scores:
    """Return how far a class's reconstruction is from that of all: lower is better.

    ‖AE_target(x′) − AE(x′)‖ᵖ / (‖x′‖₁ + ε), with p = 2 in the first source and p = 1 in
    the second. No table has it unless asked: its denominator grows with the brightness
    of the image, so that it calls bright images interpretable, and it has been
    criticized for not telling counterfactuals from noise.

    Source: Van Looveren and Klaise, 2021, Interpretable counterfactual explanations
    guided by prototypes, equation (6). Dombrowski et al., 2024, equation (25) and the
    paragraph after it.

    Args:
        x: Counterfactuals.
        target: An autoencoder of the class aimed at.
        every: An autoencoder of all classes.
        power: Of the numerator's norm.
        epsilon: Keeps the quotient finite.
    """

    brightness = x.flatten(1).abs().sum(1)

    return _error(target(x), every(x), power) / (brightness + epsilon)


def _error(x: Data, y: Data, power: int) -> Scores:
    error: Scores = (x - y).flatten(1).norm(dim=1)

    return error**power
