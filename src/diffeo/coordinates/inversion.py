"""Any generator as approximate coordinates: latents found by descent."""

import hashlib
import math
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor, nn

from diffeo.batching import backing_off
from diffeo.coordinates.descent import Descent
from diffeo.progress import Bar, watch
from diffeo.shapes import Data, Indices, Latent, Model, Scores
from diffeo.without_grad import without_grad

__all__ = ["Inversion", "Inverted", "InvertedGenerator"]

TRIAL = 4  # all starts descend in the first of so many parts, then the best alone
KNOWN = 100_000  # rows whose latents are kept


@dataclass(frozen=True)
class Inversion:
    """How data are inverted: by Adam from several starts, the rate falling to zero.

    Args:
        steps: Most steps of a row; 0 takes an encoder's answer as it is.
        starts: Points from which each row descends, drawn from N(0, I) alike for all
            rows; an encoder's answer replaces the first. After a quarter of the steps
            the best goes on alone.
        rate: Length of the first steps in each coordinate.
        prior: Weight of the mean square of the latent beside that of the error.
        tolerance: Root mean square error, in units of the features, at which a row is
            done.
        seed: Seed of the starts.
        batch_size: Rows inverted together, as long as they fit into memory.
        progress: Whether to show a bar.

    Raises:
        ValueError: If a number is out of its range.

    Example:
        >>> Inversion(starts=0)
        Traceback (most recent call last):
        ValueError: steps must be at least 0, starts and batch_size at least 1, got ...
    """

    steps: int = 400
    starts: int = 4
    rate: float = 0.1
    prior: float = 1e-4
    tolerance: float = 1e-3
    seed: int = 0
    batch_size: int = 64
    progress: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        if self.steps < 0 or self.starts < 1 or self.batch_size < 1:
            raise ValueError(
                "steps must be at least 0, starts and batch_size at least 1, got "
                f"{self.steps}, {self.starts} and {self.batch_size}"
            )

        if not (self.rate > 0 and self.prior >= 0 and self.tolerance >= 0):
            raise ValueError(
                "rate must be positive, prior and tolerance at least 0, got "
                f"{self.rate}, {self.prior} and {self.tolerance}"
            )

    def rate_at(self, step: int) -> float:
        """Return the length of a step in each coordinate.

        Source: Loshchilov and Hutter, 2017, SGDR, equation (5).
        """

        turned = 1 + math.cos(math.pi * step / max(1, self.steps))

        return self.rate * turned / 2


class Inverted(NamedTuple):
    """Where each row was inverted to, and what that lost.

    Args:
        latent: The best latent found, shape (batch, latent).
        error: Root mean square of h(g(z)) − h(x), in units of the features.
        steps: Steps that led there.

    Example:
        >>> one = torch.ones(1)
        >>> Inverted(one[None], error=one, steps=one.long()).error
        tensor([1.])
    """

    latent: Latent
    error: Scores
    steps: Indices


class InvertedGenerator(nn.Module):
    """Approximate coordinates of a generator that comes without an inverse.

    Encoding looks for the latent whose features are nearest to those of the data,
    argmin ‖h(g(z)) − h(x)‖² + λ‖z‖². This is not convex, and data that the generator
    cannot make have no latent: `invert` tells what is left of the error, and a search
    keeps the reconstruction beside the factual. The latents of the last rows are
    kept, so that the same rows are inverted once.

    Source: Dombrowski et al., 2024, equation (11). Zhu, Krähenbühl, Shechtman and
    Efros, 2016, Generative visual manipulation on the natural image manifold, for an
    encoder followed by descent.

    Args:
        generator: g, from latents of shape (batch, *latent) to data of shape
            (batch, *shape), each row on its own.
        latent: Number of latent coordinates, or the shape of one latent.
        shape: Shape of one datum.
        features: h, from data to what is compared; the data themselves if not given.
        encoder: From data to latents near them, where descents start.
        inversion: How to descend; `Inversion()` if not given.

    Raises:
        ValueError: If there are no steps and no encoder.

    Example:
        >>> stretch = torch.tensor([2.0, 0.5])
        >>> place = InvertedGenerator(lambda z: z * stretch, 2, (2,))
        >>> place.decode(place.encode(torch.ones(1, 2))).round(decimals=2)
        tensor([[1., 1.]])
    """

    def __init__(
        self,
        generator: Model,
        latent: int | tuple[int, ...],
        shape: tuple[int, ...],
        *,
        features: Model | None = None,
        encoder: Model | None = None,
        inversion: Inversion | None = None,
    ) -> None:
        super().__init__()
        self.generator = generator
        self.latent = (latent,) if isinstance(latent, int) else latent
        self.shape = shape
        self.features = features
        self.encoder = encoder
        self.inversion = inversion or Inversion()
        self._known: dict[bytes, Inverted] = {}

        if self.inversion.steps == 0 and encoder is None:
            raise ValueError("steps must be at least 1 without an encoder, got 0")

        self.train(any(part.training for part in self.children()))

    def encode(self, x: Data) -> Latent:
        """Return the best latents found, with no gradient in the data."""

        return self.invert(x).latent

    def decode(self, z: Latent) -> Data:
        """Return what the generator makes of latents."""

        return self._shaped(self.generator, z)

    def is_exact(self) -> bool:
        """Return False: a generator makes no data but its own."""

        return False

    @torch.inference_mode(mode=False)
    def invert(self, x: Data) -> Inverted:
        """Return the best latents found, what their errors are, and after which steps.

        Rows of the same content are inverted once, as long as no weight has changed.
        """

        x = x.detach().clone()
        weights = _digest(b"", *self.parameters(), *self.buffers())
        keys = [_digest(weights, row) for row in x]
        new = {key: row for row, key in enumerate(keys) if key not in self._known}

        if new:
            found = self._all_inverted(x[list(new.values())])
            inverted = map(Inverted._make, zip(*found, strict=True))
            self._known |= dict(zip(new, inverted, strict=True))

        rows = [self._known[key] for key in keys]
        self._known = dict(list(self._known.items())[-KNOWN:])

        return Inverted(*map(torch.stack, zip(*rows, strict=True)))

    def _all_inverted(self, x: Data) -> Inverted:
        with watch("Inverting", len(x), shown=self.inversion.progress) as bar:
            work = backing_off(
                lambda rows: self._inverted(x[rows], bar, rows.start),
                len(x),
                self.inversion.batch_size,
            )
            parts = list(work)

        return Inverted(*map(torch.cat, zip(*parts, strict=True)))

    def _inverted(self, x: Data, bar: Bar, finished: int) -> Inverted:
        """Descend from all starts of some rows; rows that are done leave."""

        settings = self.inversion
        now = self._begin(x)
        best = Inverted(
            now.z[:, 0].clone(),
            x.new_full((len(x),), torch.inf),
            torch.zeros_like(now.row),
        )
        lowest = best.error.clone()

        for step in range(settings.steps + 1):
            loss, error, slope = self._slopes(now)
            start = loss.argmin(1, keepdim=True)
            better = loss.gather(1, start)[:, 0] < lowest[now.row]
            row, at = now.row[better], (better.nonzero()[:, 0], start[better, 0])
            lowest[row], best.error[row] = loss[at], error[at]
            best.latent[row], best.steps[row] = now.z[at], step
            going = (best.error > settings.tolerance)[now.row]
            now = now.stepped(slope, settings.rate_at(step), step)

            if step == settings.steps // TRIAL:
                now = now.only(start)

            if not going.any():
                break

            now = now.select(going)
            bar.update(
                finished + len(x) - len(now.row), f"step {step} of {settings.steps}"
            )

        return best

    @torch.no_grad()
    def _begin(self, x: Data) -> Descent:
        settings, size = self.inversion, math.prod(self.latent)
        generator = torch.Generator().manual_seed(settings.seed)
        starts = settings.starts if settings.steps else 1
        noise = torch.randn(starts, size, generator=generator)
        z = noise.to(x).repeat(len(x), 1, 1)

        if self.encoder is not None:
            z[:, 0] = self.encoder(x).flatten(1)

        wanted = x if self.features is None else self.features(x)
        row = torch.arange(len(x), device=x.device)
        still = torch.zeros_like(z)

        return Descent(row, wanted.flatten(1), z, still, still)

    @torch.enable_grad()
    def _slopes(self, now: Descent) -> tuple[Tensor, Tensor, Tensor]:
        """Return the loss and the error of each start, and the gradient of the loss."""

        z = now.z.detach().requires_grad_()
        x = self._shaped(without_grad(self.generator), z.flatten(0, 1))
        seen = x if self.features is None else without_grad(self.features)(x)
        miss = seen.reshape(*z.shape[:2], -1) - now.wanted[:, None]
        square = miss.square().mean(2)
        loss = square + self.inversion.prior * z.square().mean(2)
        (slope,) = torch.autograd.grad(loss.sum(), z)

        return loss.detach().nan_to_num(torch.inf), square.detach().sqrt(), slope

    def _shaped(self, generator: Model, z: Latent) -> Data:
        return generator(z.reshape(-1, *self.latent)).reshape(-1, *self.shape)


def _digest(prefix: bytes, *tensors: Tensor) -> bytes:
    """Return what stands for the content of tensors."""

    digest = hashlib.sha256(prefix)

    for tensor in tensors:
        digest.update(f"{tensor.dtype} {tuple(tensor.shape)} {tensor.device}".encode())
        content = tensor.detach().cpu().flatten().contiguous().view(torch.uint8)
        digest.update(content.numpy().tobytes())

    return digest.digest()
