"""What few applications of a linear map tell of it, for each row its own map."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from diffeo.shapes import Latent, Scores

__all__ = ["Krylov", "arnoldi", "log_form", "solve"]

LinearMap = Callable[[Latent], Latent]
ROUNDING = 100  # times the smallest number that is told from 0 beside a length of 1
SMALLEST = 1e-30


class Krylov(NamedTuple):
    """An orthonormal basis of each row's Krylov space, and the map in that basis.

    Args:
        basis: Vectors of the basis; zeros once the space is exhausted.
        hessenberg: What the map makes of all but the last, in the basis.

    Example:
        >>> arnoldi(lambda v: 2 * v, torch.ones(1, 4), steps=1).hessenberg
        tensor([[[2.],
                 [0.]]])
    """

    basis: Float[Tensor, "batch places latent"]
    hessenberg: Float[Tensor, "batch places steps"]


def arnoldi(apply: LinearMap, start: Latent, steps: int) -> Krylov:
    """Return the Krylov space that a map makes of a vector, row by row.

    Source: Arnoldi, 1951, The principle of minimized iterations in the solution of the
    matrix eigenvalue problem; with each vector made orthogonal twice.

    Args:
        apply: The linear map.
        start: Vectors, shape (batch, latent).
        steps: How often the map is applied.

    Example:
        >>> arnoldi(lambda v: 2 * v, torch.ones(1, 4), steps=3).basis.shape
        torch.Size([1, 4, 4])
    """

    basis = [start / start.norm(dim=1, keepdim=True).clamp_min(SMALLEST)]
    columns = []

    for step in range(steps):
        image = apply(basis[-1])
        least = ROUNDING * torch.finfo(image.dtype).eps * image.norm(dim=1)
        known = torch.stack(basis, dim=1)
        entries = torch.zeros_like(known[:, :, 0])

        for _ in range(2):
            share = (known @ image[:, :, None])[:, :, 0]
            image = image - (share[:, None] @ known)[:, 0]
            entries = entries + share

        length = image.norm(dim=1)
        length = length.where(length > least, torch.zeros_like(length))[:, None]
        basis.append(image / length.clamp_min(SMALLEST) * (length > 0))
        column = torch.cat((entries, length), dim=1)
        columns.append(functional.pad(column, (0, steps - 1 - step)))

    return Krylov(torch.stack(basis, dim=1), torch.stack(columns, dim=2))


def solve(apply: LinearMap, right: Latent, steps: int) -> Latent:
    """Return the vectors of Krylov spaces that a map brings nearest to given ones.

    Source: Saad and Schultz, 1986, GMRES: a generalized minimal residual algorithm for
    solving nonsymmetric linear systems.

    Args:
        apply: The linear map.
        right: What it should come to, shape (batch, latent).
        steps: How often it is applied.

    Example:
        >>> solve(lambda v: 2 * v, torch.ones(1, 2), steps=2)
        tensor([[0.5000, 0.5000]])
    """

    space = arnoldi(apply, right, steps)
    inverse = torch.linalg.pinv(space.hessenberg.double()).to(right)
    entries = inverse[:, :, 0] * right.norm(dim=1, keepdim=True)
    solution: Latent = (entries[:, None] @ space.basis[:, :-1])[:, 0]

    return solution


def log_form(apply: LinearMap, probe: Latent, steps: int) -> Scores:
    """Return the real part of ⟨probe, log(map) probe⟩, whose mean is log|det|.

    Source: Ubaru, Chen and Saad, 2017, Fast estimation of tr(f(A)) via stochastic
    Lanczos quadrature, Section 3; with Arnoldi's method, as maps need no symmetry.

    Args:
        apply: The linear map.
        probe: Random vectors whose covariance is the identity, shape (batch, latent).
        steps: How often the map is applied.

    Example:
        >>> log_form(lambda v: 2 * v, torch.ones(1, 3), steps=2).exp()
        tensor([8.])
    """

    space = arnoldi(apply, probe, steps)
    exhausted = (space.basis[:, :-1] == 0).all(2).double()
    square = space.hessenberg[:, :-1].double() + exhausted.diag_embed()
    values, vectors = torch.linalg.eig(square)
    first = torch.zeros_like(values)
    first[:, 0] = 1
    weights = vectors[:, 0] * torch.linalg.solve(vectors, first)
    form: Scores = (values.log() * weights).sum(1).real.to(probe)

    return form * probe.square().sum(1)
