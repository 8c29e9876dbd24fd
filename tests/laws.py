"""The instances over which the laws run: a new part costs one entry here."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache
from typing import ClassVar

import torch
import zuko
from torch import Tensor, nn

from diffeo.ascents import (
    LBFGS,
    Adam,
    Adaptive,
    Ascent,
    Ball,
    Box,
    Gradient,
    Momentum,
    NormalizedGradient,
    Polyak,
    Sphere,
)
from diffeo.coordinates.bounded import Bounded
from diffeo.coordinates.conditional import Conditional
from diffeo.coordinates.dithered import Dithered
from diffeo.coordinates.flow_matching import FlowMatching
from diffeo.coordinates.identity import Identity
from diffeo.coordinates.inversion import Inversion, InvertedGenerator
from diffeo.coordinates.linear import principal_axes
from diffeo.coordinates.masked import Masked
from diffeo.coordinates.monotone import Monotone
from diffeo.coordinates.pinned import Pinned
from diffeo.coordinates.protocol import Coordinates
from diffeo.coordinates.residual import Residual
from diffeo.coordinates.zuko import ZukoFlow
from diffeo.methods import (
    Bisected,
    FallingPrice,
    Method,
    PrototypeObjective,
    RadiusSchedule,
    RandomSearch,
    adversarial,
    diffeomorphic,
    prototypes,
    revise,
    wachter,
)
from diffeo.models.flow.bijection import Bijection, initialize
from diffeo.models.flow.chain import Chain
from diffeo.models.flow.coupling import Coupling
from diffeo.models.flow.dequantization import BinCenter, Logit
from diffeo.models.flow.elementwise_spline import ElementwiseSpline
from diffeo.models.flow.flow import Flow
from diffeo.models.flow.layers import (
    ActivationNorm,
    InvertibleConvolution,
    Squeeze,
    Whiten,
)
from diffeo.models.flow.masks import Channels, Checkerboard
from diffeo.models.flow.multiscale import MultiscaleSplit
from diffeo.models.flow.networks import Convolutions
from diffeo.models.flow.recipes import Level, glow, realnvp
from diffeo.models.flow.transforms import Additive, Affine, Transform
from diffeo.models.seeded import seeded
from diffeo.objectives import (
    Agreed,
    AtLeast,
    AtMost,
    Held,
    Near,
    Objective,
    Smoothed,
    TargetClass,
    Typical,
)

SHAPE = (1, 4, 4)


def images(rows: int, shape: tuple[int, ...] = SHAPE, seed: int = 0) -> Tensor:
    """Images in [0.1, 0.9], in double precision."""

    generator = torch.Generator().manual_seed(seed)
    uniform = torch.rand(rows, *shape, generator=generator, dtype=torch.float64)

    return 0.1 + 0.8 * uniform


def disturb(model: nn.Module, seed: int = 1) -> nn.Module:
    """Move every parameter a little, so that no part is the identity."""

    generator = torch.Generator().manual_seed(seed)

    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.1 * torch.randn(value.shape, generator=generator))

    return model


def tiny_flow(recipe: Callable[..., Flow] = glow) -> Flow:
    """A disturbed flow of 4×4 images in double precision."""

    return deepcopy(_tiny_flow(recipe))


@cache
def _tiny_flow(recipe: Callable[..., Flow]) -> Flow:
    flow = recipe(SHAPE, [Level(2, 4), Level(1, 4)], bins=6)
    initialize(flow, images(64).float())
    disturb(flow)

    return flow.double().eval().requires_grad_(requires_grad=False)


def deep_flow(steps: int) -> Flow:
    """A flow of 4×4 images with so many steps a level, in single precision."""

    flow = glow(SHAPE, [Level(steps, 4), Level(steps, 4)], bins=4)
    initialize(flow, images(64).float())

    return flow.eval().requires_grad_(requires_grad=False)


def pulled(decode: Callable[[Tensor], Tensor], z: Tensor) -> tuple[Tensor, Tensor]:
    """Decoded data, and the gradient of a curved loss in the coordinates."""

    z = z.clone().requires_grad_()
    x = decode(z)
    weights = torch.linspace(1, 2, x.numel(), dtype=x.dtype).reshape(x.shape)
    (gradient,) = torch.autograd.grad((x.sin() * weights).sum(), z)

    return x.detach(), gradient


class AnyModule(nn.Module):
    """Coordinates of a user's, in single precision, that know no other form."""

    def __init__(self) -> None:
        super().__init__()

        with seeded(4):
            self.layer = nn.Linear(16, 16)

    def encode(self, x: Tensor) -> Tensor:
        back = torch.linalg.inv(self.layer.weight)

        z: Tensor = (x.flatten(1) - self.layer.bias) @ back.T

        return z

    def decode(self, z: Tensor) -> Tensor:
        x: Tensor = self.layer(z)

        return x.reshape(len(z), *SHAPE)


def tiny_classifier(classes: int, seed: int = 3) -> nn.Module:
    """A smooth random classifier of 4×4 images in double precision."""

    with seeded(seed):
        model = nn.Sequential(
            nn.Flatten(), nn.Linear(16, 12), nn.Tanh(), nn.Linear(12, classes)
        )

    with torch.no_grad():
        for value in model.parameters():
            value.mul_(5)

    return model.double().eval()


@dataclass(frozen=True)
class SinhScale:
    """y = asinh(exp(log_scale) · sinh(x)): a transform of no more than two methods."""

    parameters_per_element: ClassVar[int] = 1

    def forward(self, x: Tensor, parameters: Tensor) -> tuple[Tensor, Tensor]:
        y = (parameters.exp() * x.sinh()).asinh()
        logdet = parameters + x.cosh().log() - y.cosh().log()

        return y, logdet.flatten(1).sum(1)

    def inverse(self, y: Tensor, parameters: Tensor) -> tuple[Tensor, Tensor]:
        return self.forward(y, -parameters)


def transforms() -> dict[str, Transform]:
    """Every transform, and one as a user would write it."""

    return {"additive": Additive(), "affine": Affine(), "two methods": SinhScale()}


@dataclass(frozen=True)
class BijectionCase:
    """A bijection and data for it."""

    name: str
    bijection: Bijection
    x: Tensor


def _network(inputs: int, outputs: int, side: tuple[int, int]) -> Convolutions:
    return Convolutions(inputs, outputs, side=side, width=5, blocks=1)


def bijections() -> Sequence[BijectionCase]:
    """One instance of every bijection, disturbed, in double precision."""

    with seeded(0):
        parts: dict[str, tuple[Bijection, tuple[int, int, int]]] = {
            "activation norm": (ActivationNorm(2), (2, 4, 4)),
            "invertible convolution": (InvertibleConvolution(4), (4, 2, 2)),
            "squeeze": (Squeeze(), (1, 4, 4)),
            "whiten": (Whiten((2, 2, 2)), (2, 2, 2)),
            "bin center": (BinCenter(), (1, 4, 4)),
            "logit": (Logit(), (1, 4, 4)),
            "elementwise spline": (ElementwiseSpline(2, bins=5), (2, 4, 4)),
            "additive coupling": (
                Coupling(Channels(), Additive(), _network(2, 2, (2, 2))),
                (4, 2, 2),
            ),
            "affine coupling": (
                Coupling(Channels(flipped=True), Affine(), _network(2, 4, (2, 2))),
                (4, 2, 2),
            ),
            "checkerboard coupling": (
                Coupling(Checkerboard(), Affine(), _network(2, 4, (2, 2))),
                (1, 4, 4),
            ),
            "flipped checkerboard": (
                Coupling(Checkerboard(flipped=True), Affine(), _network(4, 8, (2, 2))),
                (2, 4, 4),
            ),
            "split": (
                MultiscaleSplit(
                    Channels(),
                    Affine(),
                    _network(2, 4, (2, 2)),
                    Whiten((2, 2, 2)),
                    (2, 2, 2),
                ),
                (4, 2, 2),
            ),
            "chain": (Chain([Logit(), Squeeze(), Whiten((4, 2, 2))]), (1, 4, 4)),
            "coupling of two methods": (
                Coupling(Channels(), SinhScale(), _network(2, 2, (2, 2))),
                (4, 2, 2),
            ),
        }

    cases = []

    for name, (part, shape) in parts.items():
        x = images(3, shape)
        initialize(part, images(64, shape).float())
        disturb(part)
        cases.append(BijectionCase(name, part.double(), x))

    for recipe in (glow, realnvp):
        case = BijectionCase(recipe.__name__, tiny_flow(recipe).bijection, images(3))
        cases.append(case)

    return cases


@dataclass(frozen=True)
class SearchCase:
    """Coordinates, an objective and an ascent, with a model that fits."""

    name: str
    coordinates: Coordinates
    objective: Objective
    ascent: Ascent
    model: nn.Module


class Autoencoder(nn.Module):
    """Coordinates as users write them: a module with an encoder and a decoder."""

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.encoder = nn.Linear(16, latent)
        self.decoder = nn.Linear(latent, 16)

    def encode(self, x: Tensor) -> Tensor:
        """Return the encoder's vectors."""

        z: Tensor = self.encoder(x.flatten(1))

        return z

    def decode(self, z: Tensor) -> Tensor:
        """Return the decoder's images."""

        x: Tensor = self.decoder(z)

        return x.reshape(-1, *SHAPE)


def autoencoder(latent: int = 6) -> Autoencoder:
    """An autoencoder of 4×4 images whose encoder inverts its decoder."""

    with seeded(4):
        model = Autoencoder(latent).double().eval()

    with torch.no_grad():
        inverse = torch.linalg.pinv(model.decoder.weight)
        model.encoder.weight.copy_(inverse)
        model.encoder.bias.copy_(-inverse @ model.decoder.bias)

    return model


def zuko_flow() -> ZukoFlow:
    """A small flow of the zuko library on 4×4 images, in double precision."""

    with seeded(5):
        flow = ZukoFlow(zuko.flows.NICE(16, transforms=2, hidden_features=(8,)), SHAPE)

    disturb(flow)

    return flow.double().eval()


class Velocity(nn.Module):
    """A smooth field on 4×4 images."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(17, 16), nn.Tanh(), nn.Linear(16, 16))

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """Return velocities."""

        inputs = torch.cat((x.flatten(1), t[:, None]), dim=1)
        velocity: Tensor = self.layers(inputs).reshape(x.shape)

        return velocity


def velocity_field() -> FlowMatching:
    """Coordinates of a velocity field on 4×4 images, in double precision."""

    with seeded(6):
        field = Velocity().double().eval()

    return FlowMatching(
        field, SHAPE, times=(0.0, 0.5, 1.0), center=0.5, spread=0.5, tolerance=1e-13
    )


def inverted_generator() -> InvertedGenerator:
    """A generator whose encoder leaves no step to descent."""

    model = autoencoder()

    return InvertedGenerator(
        model.decoder, 6, SHAPE, encoder=model.encode, inversion=Inversion(steps=20)
    )


def coordinates() -> dict[str, Coordinates]:
    """Every kind of coordinates of 4×4 images."""

    up, down = (torch.arange(16).reshape(SHAPE) % 3 == way for way in (0, 1))

    return {
        "identity": Identity(SHAPE),
        "linear": principal_axes(images(64), count=6),
        "flow": tiny_flow(),
        "bounded flow": Bounded(tiny_flow(realnvp)),
        "dithered flow": Dithered(tiny_flow(), spread=0.1),
        "zuko flow": zuko_flow(),
        "autoencoder": autoencoder(),
        "velocity field": velocity_field(),
        "inverted generator": inverted_generator(),
        "residual": Residual(autoencoder()),
        "monotone flow": Monotone(tiny_flow(), up, down),
        "pinned flow": Pinned(tiny_flow(), count=5),
        "conditional flow": Conditional(tiny_flow(), up, down, torch.arange(5)),
        "masked flow": Masked(tiny_flow(), torch.arange(16).reshape(SHAPE) > 4),
    }


def objectives() -> dict[str, tuple[Objective, nn.Module]]:
    """Every kind of objective, with a model."""

    several, single = tiny_classifier(3), tiny_classifier(1)

    return {
        "a class": (TargetClass(1, confidence=0.8), several),
        "any other class": (TargetClass("other", confidence=0.6), several),
        "a single logit": (TargetClass(1, confidence=0.7), single),
        "at least": (AtLeast(0.6), single),
        "at most": (AtMost(-0.6), single),
        "near": (Near(0.3, within=0.05), single),
        "smoothed": (Smoothed(TargetClass(1, 0.8), draws=2, spread=0.1), several),
        "agreed": (Agreed(AtLeast(0.1), [tiny_classifier(1, seed=6)]), single),
        "held": (Held(AtLeast(0.6), tiny_classifier(3, seed=6), 0.5), single),
        "typical": (Typical(AtLeast(0.6), normal_density()), single),
    }


def normal_density() -> Flow:
    """A flow that is a normal density, finite everywhere, and finds most typical."""

    flow = Flow(Whiten(SHAPE), SHAPE).double().eval()
    initialize(flow, images(64).double())
    density = flow.log_prob(images(64).double()).detach()
    flow.typical.copy_(torch.stack((density.min() - 1, density.max() + 1)))

    return flow.requires_grad_(requires_grad=False)


def ascents() -> dict[str, Ascent]:
    """Every kind of ascent."""

    return {
        "gradient": Gradient(0.05),
        "normalized gradient": NormalizedGradient(0.1),
        "Adam": Adam(0.05),
        "box": Box(Adam(0.05), -3.0, 3.0),
        "ball": Ball(Gradient(0.1), 0.8),
        "Polyak": Polyak(NormalizedGradient(0.3)),
        "momentum": Momentum(0.1),
        "adaptive": Adaptive(0.05),
        "L-BFGS": LBFGS(0.3, pairs=2),
        "sphere": Sphere(NormalizedGradient(0.1)),
    }


def searches() -> Sequence[SearchCase]:
    """Every pair of coordinates and objective, with one ascent after the other.

    Each ascent also searches for a class in a flow's coordinates.
    """

    rules = ascents()
    cases: list[SearchCase] = []

    for where, place in coordinates().items():
        for what, (objective, model) in objectives().items():
            turn = list(rules)[len(cases) % len(rules)]
            every = (where, what) == ("flow", "a class")
            cases += [
                SearchCase(f"{where} / {what} / {how}", place, objective, rule, model)
                for how, rule in rules.items()
                if every or how == turn
            ]

    return cases


def methods(model: nn.Module, where: Coordinates) -> dict[str, Method]:
    """Every published method, fitted to a model and coordinates of 4×4 images."""

    step = Box(Adam(0.02), 0.0, 1.0)
    data, autoencoder = images(60, seed=5), lambda x: 0.9 * x
    in_z, in_x = (
        replace(
            PrototypeObjective.from_data(data, model, encode, autoencoder=autoencoder),
            weight=0.01,
        )
        for encode in (where.encode, torch.nn.Flatten())
    )
    in_x = replace(in_x, encoder=torch.nn.Flatten())
    schedule = RadiusSchedule(6.0, 0.5)

    return {
        "adversarial": adversarial(step),
        "wachter": wachter(0.01, step),
        "revise": revise(0.01),
        "natural": RandomSearch(schedule, samples=8, budget=80),
        "prototypes": prototypes(in_z),
        "prototypes in X": prototypes(in_x, step),
        "bisected": Bisected(wachter, rounds=3, further=5),
        "diffeomorphic": diffeomorphic(),
        "falling price": FallingPrice(steps=40),
    }
