"""Whether autoencoders and densities find counterfactuals like real data."""

from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from diffeo.batching import in_batches
from diffeo.coordinates.wrapping import density_of
from diffeo.counterfactuals import Counterfactuals
from diffeo.data.levels import to_8_bits
from diffeo.evaluation.intervals import median
from diffeo.evaluation.judges import Judges
from diffeo.evaluation.metric import Better, by_class, metric
from diffeo.evaluation.metrics.outcome import euclidean
from diffeo.evaluation.oracle_training import trained_autoencoder
from diffeo.objectives.classes import predicted_class
from diffeo.shapes import Data, Images, Indices, Scores

__all__ = ["centrality", "im1", "log_density"]

EPSILON = 1e-6
LEVELS = 256
MEMBERS = 500  # held-out data of a class whose density is looked at


def im1(x: Data, *, source: Data, target: Data) -> Scores:
    """Return the target's reconstruction error over the source's: lower is better.

    ‖x′ − AE_target(x′)‖ / (‖x′ − AE_source(x′)‖ + ε), as in the first source; the
    second squares both norms. It means something only if the autoencoders are too small
    to reproduce other classes than their own.

    Source: Dombrowski et al., 2024, equation (24). Van Looveren and Klaise, 2021,
    Interpretable counterfactual explanations guided by prototypes, equation (5).

    Args:
        x: Counterfactuals.
        source: What an autoencoder of the factuals' class makes of them.
        target: What an autoencoder of the class aimed at makes of them.

    Example:
        >>> x = torch.ones(1, 4)
        >>> im1(x, source=0 * x, target=x / 2)
        tensor([0.5000])
    """

    return euclidean(x, target) / (euclidean(x, source) + EPSILON)


@metric(Better.LOWER)
@torch.no_grad()
def im1_mean(record: Counterfactuals, judges: Judges) -> Scores:
    """Reconstruction error of the target class's autoencoder over the source's."""

    x, how = record.counterfactual, judges.settings

    def reconstructed(labels: Indices) -> Data:
        found = torch.empty_like(x)

        for label in labels.unique().tolist():
            images = judges.reference.train.of(label)
            autoencoder = judges.once(
                f"Training an autoencoder of class {label}",
                partial(trained_autoencoder, images, how.autoencoder, how.cache),
            )
            found[labels == label] = autoencoder(x[labels == label])

        return found

    return im1(
        x,
        source=reconstructed(predicted_class(record.outputs_before)),
        target=reconstructed(record.target.long()),
    )


@torch.no_grad()
def log_density(
    x: Images, log_prob: Callable[[Images], Scores], draws: int = 8
) -> Scores:
    """Return the mean log-density of images rounded to 8 bits and dequantized, in nats.

    Every image gets the same noise, so that two densities differ by their images alone.

    Args:
        x: Images in [0, 1].
        log_prob: Log-density of dequantized images, as of a flow.
        draws: Number of draws of the dequantization noise, whose mean is taken.

    Example:
        >>> log_density(torch.rand(2, 1, 2, 2), lambda x: 0 * x.sum((1, 2, 3)))
        tensor([0., 0.])
    """

    generator = torch.Generator().manual_seed(0)
    rounded = to_8_bits(x)
    total = torch.zeros(len(x), dtype=x.dtype, device=x.device)

    for _ in range(draws):
        noise = torch.rand(x.shape[1:], generator=generator, dtype=x.dtype)
        shift = (noise.to(x.device) - 0.5) / (LEVELS - 1)
        total += in_batches(log_prob, rounded + shift)

    return total / draws


def centrality(density: Scores, reference: Float[Tensor, " references"]) -> Scores:
    """Return 1 − 2|q − ½|, with q the quantile of a density among those of real data.

    It is 1 for the median real datum and 0 for what is less, or more, probable than all
    real data: blank images can be far more probable than any real one. Real data have
    ½ on average.

    Source: Nalisnick, Matsukawa, Teh and Lakshminarayanan, 2019, Detecting
    out-of-distribution inputs to deep generative models using typicality, for why a
    density can be too high.

    Args:
        density: Log-density of each image judged.
        reference: Log-densities of held-out real data, at least of one.

    Example:
        >>> centrality(torch.tensor([2.0, 9.0]), reference=torch.arange(5.0))
        tensor([1., 0.])
    """

    below = (reference < density[:, None]).to(density.dtype).mean(1)
    upto = (reference <= density[:, None]).to(density.dtype).mean(1)

    return 1 - (below + upto - 1).abs()


@metric(Better.HIGHER, median)
def typicality_median(record: Counterfactuals, judges: Judges) -> Scores:
    """1 for the density of the median real image, 0 beyond all; real ones have a half.

    The real images are held-out ones of the target class, the last of them: the control
    of real data has the first. Coordinates may know no density.
    """

    density, held_out = density_of(judges.task.coordinates), judges.reference.held_out

    if density is None:
        return torch.full_like(record.seconds, torch.nan)

    of = partial(log_density, log_prob=density)
    found = of(record.counterfactual)

    return by_class(
        record.target.long(),
        lambda label, rows: centrality(
            found[rows],
            judges.once(
                f"Density of class {label}", lambda: of(held_out.of(label)[-MEMBERS:])
            ),
        ),
    )
