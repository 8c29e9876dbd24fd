"""What coordinates do with real data: an examination before any search."""

import math
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from diffeo.answers import ask
from diffeo.batching import backing_off
from diffeo.coordinates.protocol import (
    Coordinates,
    decode_with,
    is_exact,
    start_memory,
)
from diffeo.progress import watch
from diffeo.search.checks import (
    check_data,
    check_latent,
    check_modes,
    check_reconstruction,
)
from diffeo.shapes import Data, Latent, Scores
from diffeo.statements.properties import (
    batch_gap,
    density_gap,
    least_gradient,
    near_share,
)
from diffeo.typical import length_ratio

__all__ = ["Diagnosis", "diagnose"]

BATCH = 64
FEW = 4  # rows that are looked at alone
SAMPLES = 48
GRAY_LEVEL = 1 / 255  # of the range of the data
ROUNDING = 1e-3  # relative difference that rounding may leave
LEAST, MOST = 0.001, 0.999  # quantiles of ‖z‖ between which nearly all typical data lie
APPROXIMATE = "approximate: a search starts at the reconstruction, not at the input"
REMEMBERED = "approximate: the round trip is that with what is remembered of each row"
EXACTNESS = {  # by whether coordinates say that they are exact, and whether data return
    (True, True): "they say that they are exact, and these data come back",
    (True, False): "WRONG: they say that they are exact, but these data change",
    (False, True): "they do not say that they are exact, yet these data come back",
    (False, False): APPROXIMATE,
}


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What was found out about coordinates.

    Args:
        reconstruction: The data encoded and decoded, with what the coordinates remember
            of each row.
        error: Root mean square of what each row's round trip changes, in the units of
            the data.
        span: The greatest number in the data less the least.
        exact: Whether the coordinates say that they lose nothing.
        latent: The coordinates of the data.
        gradient: Least norm, over a few rows, of the gradient of a weighted sum of
            decoded data in the coordinates; None if decode lets none through.
        batch_gap: Greatest relative difference between a few rows encoded and decoded
            alone and together.
        density_gap: Greatest difference, in nats, between the log-density that the
            coordinates know and that of N(0, I) less log |det ∂x/∂z| by automatic
            differentiation, of a few rows; None if they know none, or are not small.
        remembers: Whether the coordinates remember something of each row.
        samples: What they make of some draws of N(0, I); None if they remember rows.
        near_share: Share of the samples that are as near to the data as 95 % of these
            are to each other; None if there are no samples, or one datum.

    Example:
        >>> from diffeo import Identity
        >>> diagnose(Identity((2,)), torch.rand(5, 2)).error.max()
        tensor(0.)
    """

    reconstruction: Data
    error: Scores
    span: float
    exact: bool
    latent: Latent
    gradient: float | None
    batch_gap: float
    density_gap: float | None
    remembers: bool
    samples: Tensor | None
    near_share: float | None

    @property
    def worst(self) -> list[int]:
        """The numbers of the rows, the greatest round-trip error first."""

        order: list[int] = self.error.nan_to_num(torch.inf).argsort().tolist()

        return order[::-1]

    @property
    def typical_share(self) -> float:
        """The share of rows whose ‖z‖ is that of draws of N(0, I), but for 2 in 1000.

        Source: ‖z‖² of such draws has a χ² distribution.
        """

        half = self.latent.double().square().sum(1) / 2
        size = torch.full_like(half, self.latent.shape[1] / 2)
        quantile = torch.special.gammainc(size, half)

        share: Tensor = ((quantile > LEAST) & (quantile < MOST)).double().mean()

        return share.item()

    @property
    def length_ratio(self) -> float:
        """Median of ‖z‖ over what draws of N(0, I) have."""

        return length_ratio(self.latent.double()).median().item()

    def verdicts(self) -> dict[str, str]:
        """Return a sentence on each question, by its name."""

        kept = self.remembers and not self.exact

        return {
            "round trip": self._round_trip(),
            "exact": REMEMBERED if kept else EXACTNESS[self.exact, self._lossless],
            "gradient": self._gradient(),
            "batch": self._batch(),
            "density": self._density(),
            "prior": self._prior(),
            "samples": self._samples(),
        }

    @property
    def _lossless(self) -> bool:
        return self.error.max().item() <= GRAY_LEVEL / 2 * self.span

    def _round_trip(self) -> str:
        middle, most = (self.error.double().quantile(share) for share in (0.5, 0.95))
        told = (
            f"median error {middle:.2g}, 95 % {most:.2g}, worst {self.error.max():.2g}"
        )

        if self._lossless:
            return f"{told}: less than half a gray level of 255 is lost anywhere"

        return f"{told}: look at the reconstructions before you trust what changed"

    def _gradient(self) -> str:
        if self.gradient is None:
            return "WRONG: decode lets no gradient through; does it detach or round?"

        if not math.isfinite(self.gradient):
            return "WRONG: the gradient of decode is not finite"

        if self.gradient == 0:
            return "WRONG: the gradient of decode is zero somewhere; does it saturate?"

        return "decode lets gradients through"

    def _batch(self) -> str:
        if self.batch_gap <= ROUNDING:
            return f"rows are independent (they differ by {self.batch_gap:.1g})"

        return (
            f"WRONG: rows depend on their batch (they differ by {self.batch_gap:.2g}); "
            "is a layer in training mode, or random?"
        )

    def _density(self) -> str:
        if self.density_gap is None:
            return "no log-density known, or too many dimensions to check it"

        size = self.latent.shape[1]

        if self.density_gap <= ROUNDING * size:
            return (
                f"the log-density fits the Jacobian (up to {self.density_gap:.1g} nats)"
            )

        return (
            f"the log-density is {self.density_gap:.2g} nats off that of N(0, I) and "
            "the Jacobian: another prior, or a wrong log-determinant"
        )

    def _prior(self) -> str:
        usual = math.sqrt(self.latent.shape[1])
        norm = self.length_ratio * usual
        told = (
            f"median ‖z‖ {norm:.3g}, where N(0, I) has {usual:.3g}; "
            f"{self.typical_share:.0%} of the rows are as long as its draws"
        )

        if self.typical_share >= 0.5:
            return told

        if self.length_ratio < 1:
            return f"{told}: they are nearer, as means and images without noise are"

        return f"{told}: they are farther out, or the prior is another"

    def _samples(self) -> str:
        if self.samples is None:
            return "none: each row is decoded with what is remembered of it"

        if self.near_share is None:
            return "too few data to compare them with"

        told = (
            f"{self.near_share:.0%} of the draws of N(0, I) are as near to these data "
            "as 95 % of these are to each other"
        )

        if self.near_share >= 0.5:
            return f"{told}; so are blurred ones: look at them"

        return f"{told}: the generator is weak, or the prior is another"


@torch.no_grad()
def diagnose(coordinates: Coordinates, x: Data, *, progress: bool = False) -> Diagnosis:
    """Find out what coordinates do with real data.

    Coordinates that remember something of each row are examined with it, as a search
    decodes them. `Residual` then loses nothing, and a search does start at the data
    themselves; what its generator loses, which a record shows as reconstruction, the
    diagnosis of the coordinates inside tells.

    Args:
        coordinates: Any coordinates, in evaluation mode.
        x: Data, at best some that the coordinates were not trained on.
        progress: Whether to show a bar.

    Raises:
        ValueError: If the data or the coordinates cannot be searched at all.

    Example:
        >>> from diffeo import Identity
        >>> diagnose(Identity((2,)), torch.rand(5, 2)).verdicts()["gradient"]
        'decode lets gradients through'
    """

    check_data(x)
    check_modes(coordinates=coordinates)
    z, again = _round_trip(coordinates, x, progress=progress)
    few, near = x[:FEW], z[:FEW]
    memory = start_memory(coordinates, few, near)
    samples = None if memory else _samples(coordinates, z)

    return Diagnosis(
        reconstruction=again,
        error=(again - x).flatten(1).square().mean(1).sqrt(),
        span=(x.max() - x.min()).item(),
        exact=is_exact(coordinates),
        latent=z,
        gradient=least_gradient(lambda z: decode_with(coordinates, z, memory), near),
        batch_gap=max(
            batch_gap(coordinates.encode, few),
            batch_gap(partial(_decoded, coordinates), few, near),
        ),
        density_gap=density_gap(coordinates, near),
        remembers=len(memory) > 0,
        samples=samples,
        near_share=None if samples is None else near_share(samples, x),
    )


def _samples(coordinates: Coordinates, like: Latent) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(SAMPLES, like.shape[1], generator=generator).to(like)

    return coordinates.decode(z)


def _decoded(coordinates: Coordinates, x: Data, z: Latent) -> Tensor:
    return decode_with(coordinates, z, start_memory(coordinates, x, z))


def _round_trip(
    coordinates: Coordinates, x: Data, *, progress: bool
) -> tuple[Latent, Data]:
    def both(rows: slice) -> tuple[Tensor, Tensor]:
        z = ask(coordinates.encode, x[rows], "coordinates.encode")
        check_latent(z)
        decode = partial(_decoded, coordinates, x[rows])
        again = ask(decode, z, "coordinates.decode")
        check_reconstruction(again, x[rows])
        bar.update(rows.stop)

        return z, again

    with watch("Checking", len(x), shown=progress) as bar:
        encoded, decoded = zip(*backing_off(both, len(x), BATCH), strict=True)

    return torch.cat(encoded), torch.cat(decoded)
